"""What a suspicion of a node rests on: rows, packets, the archive that is handed on, the one that leaves for a case.

Refuses to hand anything on: the caller writes the ledger's line first.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from bavn import __version__
from bavn.actor.door.suspicions import Ranked
from bavn.actor.evidence import rows
from bavn.actor.evidence.bundle import Bundle, Sheet, archive
from bavn.actor.evidence.cut import cut
from bavn.actor.evidence.ends import ends_of
from bavn.actor.evidence.keep import path_of, wanted_of
from bavn.actor.evidence.own import Own
from bavn.actor.evidence.rows import Rows
from bavn.actor.formats.pcap import Packet, packets
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.manifest import FILE
from bavn.actor.store.query.window import StoreWindow
from bavn.app.analyst.faults import understood
from bavn.app.analyst.hunting import refusals
from bavn.app.analyst.plain import columns_of
from bavn.app.analyst.suspected import said_of
from bavn.app.config.load import NodeConfig
from bavn.app.node.packets import evidence_folder, packet_files
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock
from bavn.model.moment import iso
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.wire.ledger import Note

GATE: Final = "export"
"""The word in the ledger for what people carry out of the node by hand."""


@contextmanager
def window_of(given: NodeConfig, suspicion: Suspicion, before_us: int | None) -> Iterator[StoreWindow]:
    """The store's history over the suspicion's span and what lies around it, while the node runs."""
    root = given.folder / "store"
    if not (root / FILE).is_file():
        raise Stop(
            Exit.NOT_FOUND,
            Text(
                "there is no store in {folder}: this node has not run yet; start it with `bavn node run`", folder=root
            ),
        )
    limits = StoreLimits(memory_mb_max=given.store.memory_mb_max, threads=given.store.threads)
    ref, more_us = suspicion.rows, before_us or 0
    first_us, last_us = ref.first_us - more_us, max(ref.last_us, suspicion.last_us) + more_us + 1
    with (
        understood(),
        refusals(),
        History.read(root, limits, homes=given.node.homes) as history,
        history.window(first_us, last_us) as window,
    ):
        yield window


def sheets_of(window: StoreWindow, suspicion: Suspicion, rows_max: int, before_us: int | None) -> list[Sheet]:
    """The rows that a suspicion rests on; with ``before_us`` also what lies around it."""
    sheets = [_sheet("rows", one) for one in rows.rests_on(window, suspicion, rows_max)]
    if before_us is not None:
        sheets += [_sheet("around", one) for one in rows.around(window, ends_of(window, suspicion), rows_max)]
    return sheets


def _sheet(group: str, one: Rows) -> Sheet:
    names, columns = columns_of(one.found)
    return Sheet(group, one.table, names, list(zip(*columns, strict=True)), one.more)


def packets_of(given: NodeConfig, suspicion: Suspicion) -> list[Packet]:
    """What was kept for it; else what can still be cut from the ring."""
    kept = path_of(evidence_folder(given), suspicion.id)
    if kept.exists():
        return list(packets(kept))
    with window_of(given, suspicion, None) as window:
        ends = ends_of(window, suspicion)
    wanted = wanted_of(suspicion, ends, given.evidence.packets_bytes_max)
    cut(packet_files(given), [wanted])
    return wanted.found


def archive_of(
    given: NodeConfig,
    entry: Ranked,
    sheets: list[Sheet],
    packets: list[Packet] | None,
    *,
    unredacted: bool,
    headers_only: bool,
    parameters: dict[str, Any],
) -> bytes:
    """The zip file that a person carries out. ``parameters``: what its manifest says of who, how and why."""
    suspicion = entry.suspicion
    ref = suspicion.rows
    about = {
        **said_of(entry, "en"),
        "what_da": suspicion.headline.da,
        "why_da": suspicion.why.da,
        "statistic": suspicion.statistic,
        "period_s": suspicion.period_s,
        "regularity": suspicion.regularity,
    }
    query = {
        "table": ref.table,
        "equals": [list(pair) for pair in ref.equals],
        "first": iso(ref.first_us),
        "last": iso(ref.last_us),
    }
    summary = {
        "bavn": __version__,
        "actor": given.node.actor,
        "made": iso(SystemClock().now_us()),
        "suspicion": suspicion.id,
        "query": query,
        **parameters,
    }
    return archive(
        Bundle(
            suspicion=about,
            sheets=sheets,
            packets=packets,
            unredacted=unredacted,
            headers_only=headers_only,
            said=summary,
        )
    )


def made_for_case(given: NodeConfig, entry: Ranked, rows_max: int) -> bytes:
    """The zip file: the same for the same rows."""
    suspicion, own = entry.suspicion, Own(given.node.homes)
    with window_of(given, suspicion, None) as window:
        sheets = [own.sheet(sheet) for sheet in sheets_of(window, suspicion, rows_max, None)]
    about: dict[str, Any] = {
        "detector": suspicion.detector,
        "technique": suspicion.technique,
        "p": suspicion.p,
        "host": suspicion.host,
        "peer": suspicion.peer,
        "first": iso(suspicion.first_us),
        "last": iso(suspicion.last_us),
        "hosts": suspicion.hosts,
        "why": suspicion.why.en,
        "why_da": suspicion.why.da,
        "period_s": suspicion.period_s,
        "regularity": suspicion.regularity,
        "observables": [str(one) for one in suspicion.observables],
    }
    summary = {
        "suspicion_last": iso(suspicion.last_us),
        "rows_max": rows_max,
        "own addresses": "replaced by own-1, own-2, ...",
    }
    bundle = Bundle(
        suspicion=own.value(about),
        sheets=[replace(sheet, rows=list(sheet.rows)) for sheet in sheets],
        packets=None,
        unredacted=False,
        headers_only=True,
        said=summary,
    )
    return archive(bundle)


def note_of(suspicion: Suspicion, content: bytes, *, file: str, reason: str, by: str) -> Note:
    """The ledger's words on an export. ``reason``: why it is as it is; empty for a redacted one."""
    digest = hashlib.sha256(content).hexdigest()
    words = {
        "suspicion": suspicion.id,
        "file": file,
        "redacted": not reason,
        "reason": reason,
        "by": by,
        "sha256": digest,
    }
    return Note(
        kind="Evidence",
        item_id=digest,
        peer="file",
        privacy="",
        bytes=len(content),
        summary=json.dumps(words, ensure_ascii=False, sort_keys=True),
    )
