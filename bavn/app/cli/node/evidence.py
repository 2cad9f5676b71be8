"""`bavn node evidence`: what a suspicion rests on, shown here, or handed on without what is a person's.

Refuses to hand on anything as it is without a reason; the ledger holds each export.
"""

import hashlib
import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.access.rights import Right
from bavn.app.acts.node import evidence as acts
from bavn.app.acts.node.here import Here
from bavn.app.analyst.confirmed.here import ConfirmedWords, first_seen_us
from bavn.app.analyst.evidence_of import sheets_of, window_of
from bavn.app.analyst.next_door import KnownInSector, next_door_of
from bavn.app.analyst.suspected import one_named, said_of
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken
from bavn.app.cli.node.hunt.show import show
from bavn.app.cli.node.suspicions import verdict_words
from bavn.app.cli.person import needs, of_act
from bavn.app.cli.spread import spread, typed
from bavn.app.cli.words import small
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.whole_file import write_whole
from bavn.model.moment import SECOND_US, iso
from bavn.model.sector.tally import technique_words
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.suspicions import Ranked
    from bavn.actor.evidence.bundle import Sheet
    from bavn.actor.formats.pcap import Packet
    from bavn.actor.protect.confirmed import Confirmed
    from bavn.app.config.load import NodeConfig

_LASTS = re.compile(r"(\d{1,4})([smhd])")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """What is handed on as a file, and how much of it."""

    pcap: Annotated[Path | None, typer.Option(help="Write its packets to this file.")] = None
    export: Annotated[Path | None, typer.Option(help="Write all of it to this zip file, redacted.")] = None
    packets: Annotated[bool, typer.Option("--packets", help="Packets go into the export.")] = False
    headers_only: Annotated[
        bool, typer.Option("--headers-only", help="Packets without payload; always so while redacted.")
    ] = False
    unredacted: Annotated[
        bool, typer.Option("--unredacted", help="As it is, with names and payload; needs --reason.")
    ] = False
    reason: Annotated[str, typer.Option(help="Why it must be as it is; the ledger holds it.")] = ""


@spread
def evidence(
    suspicion: Annotated[str, typer.Argument(help="The beginning of its id, as `bavn node suspicions` shows it.")],
    config: Config = NODE_TOML,
    *,
    rows: Annotated[int, typer.Option(help="At most so many rows of each table.", min=1, max=100_000)] = 100,
    around: Annotated[
        str, typer.Option(help="Also all records of its host and peer, so long before and after: 10m, 2h.")
    ] = "",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values, a header before each table.")] = False,
    handed: HandedOn,
    by: Annotated[str, of_act(acts.export)] = "",
    language: Spoken = "en",
) -> None:
    """Show what a suspicion rests on. --export and --pcap hand it on, redacted: without CPR numbers, names, payload."""
    _may_be_handed_on(handed)
    if handed.unredacted and not handed.headers_only and (handed.pcap is not None or handed.packets):
        needs(by, Right.SOC_PACKETS)
    here, around_s = Here(config), _lasts_s(around)
    given = here.config()
    with here.asks() as book:
        entry = one_named(book, suspicion)
        known = next_door_of(here.file, book).of_suspicions([entry.suspicion]).get(entry.suspicion.id, [])
        word = ConfirmedWords(book, [entry]).on(entry)
    options = {"rows": rows, "around_s": around_s, **asdict(handed)}
    if handed.pcap is not None:
        body = typed(acts.ExportRequest, form="pcap", **options)
        archive = acts.export(here, by, entry, body, handed.pcap.name).content
        _write(handed.pcap, archive, _AS_IS if handed.unredacted else _HEADERS, language)
    if handed.export is not None:
        exported = acts.export(here, by, entry, typed(acts.ExportRequest, **options), handed.export.name)
        _write(handed.export, exported.content, _AS_IS if handed.unredacted else _REDACTED, language)
        _say_left_out(exported.sheets, exported.packets, language)
    if handed.pcap is None and handed.export is None:
        before_us = around_s * SECOND_US or None
        with window_of(given, entry.suspicion, before_us) as window:
            sheets = sheets_of(window, entry.suspicion, rows, before_us)
        form = "json" if as_json else "csv" if as_csv else "table"
        _show(entry, sheets, given, known, word, form=form, language=language)


def _may_be_handed_on(handed: HandedOn) -> None:
    """Stop for what is asked in a way that cannot be meant."""
    if handed.unredacted and not (handed.pcap or handed.export):
        raise Stop(Exit.USAGE, Text("--unredacted is for --export and --pcap; what is shown here is never redacted"))
    for target in (handed.pcap, handed.export):
        if target is not None and target.exists():
            raise Stop(Exit.USAGE, Text("{file} exists: name a new file", file=target))


def _lasts_s(text: str) -> int:
    """0 where nothing was said."""
    lasts = _LASTS.fullmatch(text or "0s")
    if lasts is None or int(lasts[1]) * _UNITS_S[lasts[2]] > acts.AROUND_S_MAX:
        raise Stop(Exit.USAGE, Text("--around {text} is no time of at most 7d: write 30s, 10m, 2h", text=repr(text)))
    return int(lasts[1]) * _UNITS_S[lasts[2]]


def _show(
    entry: "Ranked",
    sheets: "list[Sheet]",
    given: "NodeConfig",
    known: list[KnownInSector],
    word: "Confirmed | None",
    *,
    form: str,
    language: Language,
) -> None:
    from bavn.actor.evidence.keep import path_of
    from bavn.app.analyst.detector_guide import figures, told
    from bavn.app.node.packets import evidence_folder

    shown = entry.suspicion
    kept = path_of(evidence_folder(given), shown.id)
    if form == "json":
        print(json.dumps({"suspicion": said_of(entry, language, known, word)}, ensure_ascii=False))
        for sheet in sheets:
            for row in sheet.rows:
                line = {"group": sheet.group, "table": sheet.table, "row": dict(zip(sheet.names, row, strict=True))}
                print(json.dumps(line, ensure_ascii=False))
        return
    if form == "csv":
        for sheet in sheets:
            show(["group", "table", *sheet.names], [[sheet.group, sheet.table, *row] for row in sheet.rows], "csv")
        return
    words = {name: text.say(language) for name, text in _WORDS.items()}
    for sentence in told(shown):
        print(sentence.say(language))
    technique = technique_words(shown.technique).say(language)
    print(f"{shown.id}  {shown.detector}  {technique}  {verdict_words(entry.verdict, language)}".rstrip())
    p = small(shown.p, language)
    first = iso(first_seen_us(word, [shown]) or shown.first_us)[:19]
    print(f"{shown.host} - {shown.peer}  p {p}  {first} - {iso(shown.last_us)[:19]}")
    for figure in (*figures(shown), *(each.says for each in known)):
        print(figure.say(language))
    if not sheets:
        print(words["none"])
    for sheet in sheets:
        print(f"\n{words[sheet.group]} {sheet.table}: {len(sheet.rows)}{words['more'] if sheet.more else ''}")
        _show_narrow(sheet, language)
    size = kept.stat().st_size if kept.exists() else 0
    print(f"\n{words['kept'].format(size=size) if size else words['not kept']}")


def _show_narrow(sheet: "Sheet", language: Language) -> None:
    """On a screen: the telling columns, and of these no empty one, under heads of the reader's language. CSV and JSON
    have them all, under the names that questions use."""
    telling = _TELLING.get(sheet.table, tuple(name for name in sheet.names if name not in _QUIET)[:SCREEN_COLUMNS_MAX])
    wanted = [
        at
        for at, name in enumerate(sheet.names)
        if name in (*_ENDS, *telling) and any(row[at] is not None for row in sheet.rows)
    ]
    rows = [[str(row[at])[:19] if sheet.names[at] == "ts" else row[at] for at in wanted] for row in sheet.rows]
    heads = [_HEADS.get(sheet.names[at], Text.plain(sheet.names[at])).say(language) for at in wanted]
    show(heads, rows, "table")


SCREEN_COLUMNS_MAX = 12
_ENDS = ("ts", "src", "dst", "dst_port")
_QUIET = ("sensor", "flow_id", "community_id", "src_port", "proto")
_TELLING = {
    "flow": ("src_port", "proto", "app_proto", "bytes_toserver", "bytes_toclient", "state", "failed"),
    "dns": ("rrname", "rrtype", "rcode", "answers"),
    "tls": ("sni", "version", "subject", "issuerdn", "ja4"),
    "http": ("method", "host", "url", "status", "user_agent"),
    "smb": ("command", "status", "share", "filename", "named_pipe", "ntlm_user"),
    "fileinfo": ("filename", "magic", "size", "sha256"),
    "kex": ("protocol", "version", "cipher", "negotiated_group", "cert_subject"),
    "clinical": ("service", "operation", "calling", "called", "requests"),
}


_HEADS: dict[str, Text] = {
    "ts": Text("when"),
    "src": Text("from"),
    "dst": Text("to"),
    "dst_port": Text("to port"),
    "src_port": Text("from port"),
    "proto": Text("protocol"),
    "app_proto": Text("spoken in it"),
    "bytes_toserver": Text("bytes there"),
    "bytes_toclient": Text("bytes back"),
    "state": Text("state"),
    "failed": Text("failed"),
    "rrname": Text("name asked for"),
    "rrtype": Text("type"),
    "rcode": Text("outcome"),
    "answers": Text("answers"),
    "sni": Text("name"),
    "version": Text("version"),
    "subject": Text("certificate of"),
    "issuerdn": Text("issued by"),
    "method": Text("method"),
    "host": Text("host"),
    "url": Text("path"),
    "status": Text("status"),
    "user_agent": Text("program"),
    "command": Text("command"),
    "share": Text.in_context("evidence", "share"),
    "filename": Text("file"),
    "named_pipe": Text("pipe"),
    "ntlm_user": Text("user"),
    "magic": Text("kind of file"),
    "size": Text("size"),
    "protocol": Text("protocol"),
    "cipher": Text("cipher"),
    "negotiated_group": Text("key exchange"),
    "cert_subject": Text("certificate of"),
    "service": Text("service"),
    "operation": Text("operation"),
    "calling": Text("calling title"),
    "called": Text("called title"),
    "requests": Text("requests"),
}
"""What stands over a column of records on a screen; a name that is nobody's word stays."""
_AS_IS = Text("as it is, unredacted")
_REDACTED = Text("redacted")
_HEADERS = Text("redacted (headers only)")
_WORDS: dict[str, Text] = {
    "rows": Text("rests on rows of"),
    "around": Text("around it in"),
    "more": Text(" (there are more: --rows)"),
    "none": Text("the store holds none of its rows any more"),
    "kept": Text("packets kept: {size} bytes (--pcap FILE)"),
    "not kept": Text("no packets are kept for it"),
}


def _say_left_out(sheets: "list[Sheet]", packets: "list[Packet] | None", language: Language) -> None:
    """What somebody who hands the export on would believe is in it."""
    words = {name: text.say(language) for name, text in _WORDS.items()}
    for sheet in sheets:
        if sheet.more:
            print(f"bavn: {words[sheet.group]} {sheet.table}: {len(sheet.rows)}{words['more']}", file=sys.stderr)
    if packets is not None and not packets:
        print(f"bavn: {words['not kept']}", file=sys.stderr)


def _write(target: Path, data: bytes, how: Text, language: Language) -> None:
    """After the ledger's line: what was handed on is on record, whatever happens here."""
    try:
        write_whole(target, data, mode=0o600, new=True)
    except OSError as error:
        raise Stop(Exit.USAGE, Text("{file} cannot be written ({why})", file=target, why=error.strerror)) from error
    says = Text(
        "{target}: {size:,} bytes, {how}; sha256 {digest}; the ledger holds it (bavn node ledger)",
        target=target,
        size=len(data),
        how=how,
        digest=hashlib.sha256(data).hexdigest(),
    )
    print(says.say(language))
