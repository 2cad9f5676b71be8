"""`bavn node assets` and `bavn node cbom`: what stands in the own network, and what its encryption is made of."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Shown

from bavn.app.cli.node.book import NODE_TOML, Config
from bavn.app.cli.words import Spoken, heading, number, small
from bavn.app.process.exits import Exit, Stop, cannot_write
from bavn.app.process.whole_file import write_whole
from bavn.model.catalogue import languages
from bavn.model.counted import clients as clients_counted
from bavn.model.moment import DAY_US, iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.assets.asset import Asset
    from bavn.actor.assets.crypto import Tally, Use
    from bavn.app.config.load import NodeConfig
    from bavn.model.ports import Window

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
WIDTH_PLAIN = 180
QUERY_S_MAX = 600.0
KINDS = ("role", "os", "vendor")
WAYS = {"out": Text("to the outside"), "in": Text("from the outside"), "inside": Text("inside")}
_OUTSIDE = Text("outside")
_UNKNOWN = Text("unknown")


def assets(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values, for a spreadsheet.")] = False,
    host: Annotated[str, typer.Option(help="One host's whole card.")] = "",
    role: Annotated[str, typer.Option(help="Only hosts with this role, such as 'dicom server'.")] = "",
    new: Annotated[int, typer.Option(min=0, max=400, help="Only hosts first seen in the last so many days.")] = 0,
    language: Spoken = "en",
) -> None:
    """Which hosts stand in the own network, by their traffic: roles, system, vendor, services; each hint with its
    reason.

    Exit code 8 says that the host of --host, or the store, is not there.
    """
    from bavn.actor.assets.crypto import uses
    from bavn.actor.assets.survey import assets as survey

    given = _read(config)
    wanted = _address(host) if host else ""
    roles = _roles(role) if role else frozenset()
    with _window(given) as window:
        assets_seen = survey(window)
        last_us = window.last_us
        crypto = uses(window) if wanted else ()
    if wanted:
        card = next((asset for asset in assets_seen if asset.address == wanted), None)
        if card is None:
            raise Stop(
                Exit.NOT_FOUND,
                Text("{wanted} was not seen among the own hosts (bavn node assets lists them)", wanted=wanted),
            )
        _card(card, crypto, _suspicions(given, wanted, language), language, as_json=as_json)
        return
    kept = [asset for asset in assets_seen if not roles or roles & {value for value, _ in asset.best("role")}]
    if new:
        kept = [asset for asset in kept if asset.first_us >= last_us - new * DAY_US]
    show(kept, language, as_json=as_json, as_csv=as_csv)


def cbom(
    config: Config = NODE_TOML,
    *,
    out: Annotated[Path | None, typer.Option(help="Write a CycloneDX 1.6 bill of materials (JSON) here.")] = None,
    redacted: Annotated[bool, typer.Option("--redacted", help="Name no own host and no peer: counts only.")] = False,
    as_json: AsJson = False,
    top: Annotated[int, typer.Option(min=0, max=100_000, help="Peers shown, the most exposed first.")] = 20,
    language: Spoken = "en",
) -> None:
    """How much of the encryption withstands a quantum computer, by direction and peer, and what stands in the way."""
    from bavn.actor.assets.crypto import by_direction, by_peer, uses

    given = _read(config)
    with _window(given) as window:
        uses_seen, at_us = uses(window), window.last_us
    if out is not None:
        write_cbom(out, uses_seen, actor=given.node.actor, at_us=at_us, language=language, redacted=redacted)
    ways = by_direction(uses_seen)
    peers = () if redacted else by_peer(uses_seen, top)
    if as_json:
        for kind, tallies in (("direction", ways), ("peer", peers)):
            for tally in tallies:
                print(json.dumps(_tally_facts(kind, tally), ensure_ascii=False))
        return
    screen = _screen()
    if not uses_seen:
        screen.print(Text("no key exchange was seen").say(language))
    for tallies in (ways, peers):
        if tallies:
            screen.print(_tallies(tallies, language))


def write_cbom(
    out: Path, uses: "tuple[Use, ...]", *, actor: str, at_us: int, language: Language, redacted: bool = False
) -> None:
    """The bill of materials as a file. Stop where it cannot be written."""
    from bavn import __version__
    from bavn.actor.assets.cbom import cbom as written

    text = written(uses, actor=actor, version=__version__, at_us=at_us, redacted=redacted)
    try:
        write_whole(out, text.encode())
    except OSError as error:
        raise cannot_write(out, error, Exit.USAGE) from error
    kinds = Text.counted("{count:,} kind of key exchange", "{count:,} kinds of key exchange", len(uses))
    if not uses:
        kinds = Text("no key exchange in it: no beginning of a TLS, QUIC or SSH connection was seen")
    print(f"{out}: {kinds.say(language)}", file=sys.stderr)


def show(
    assets: "list[Asset]",
    language: Language,
    *,
    as_json: bool = False,
    as_csv: bool = False,
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """The hosts as lines of JSON, as CSV or as a table; ``beside``: what else each line of JSON says, such as its
    ``source`` where there are several."""
    if as_json:
        for asset in assets:
            print(json.dumps({**beside, **facts(asset, language)}, ensure_ascii=False))
        return
    names = ("host", "name", "role", "os", "vendor", "services", "peers", "first", "last")
    rows = [_cells(asset, language) for asset in assets]
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows([_safe_cell(cell) for cell in row] for row in rows)
        return
    screen = _screen()
    if "source" in beside:
        screen.rule(beside["source"], align="left")
    if not rows:
        print(Text("no own host: none was seen, or none is as was asked").say(language))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in (*names[:-2], "first seen", "last seen"):
        table.add_column(heading(name, language), overflow="fold", ratio=1 if name in ("role", "services") else None)
    for row in rows:
        table.add_row(*(Shown(cell) for cell in row))
    screen.print(table)


def facts(asset: "Asset", language: Language) -> dict[str, Any]:
    """An asset as JSON has it."""
    return {
        "host": asset.address,
        "names": asset.names,
        "macs": asset.macs,
        **{kind: [{"value": v, "confidence": c} for v, c in asset.best(kind)] for kind in KINDS},  # type: ignore[arg-type]
        "hints": [
            {
                "kind": h.kind,
                "value": h.value,
                "confidence": h.confidence,
                "rule": h.rule,
                "reason": h.reason.say(language),
                "table": h.evidence.table,
                "field": h.evidence.field,
                "seen": h.evidence.value,
                "rows": h.evidence.rows,
                "first": iso(h.evidence.first_us),
                "last": iso(h.evidence.last_us),
            }
            for h in asset.hints
        ],
        "services": [
            {
                "port": s.port,
                "proto": s.proto,
                "app": s.app,
                "software": s.software,
                "clients": s.clients,
                "flows": s.flows,
                "first": iso(s.first_us),
                "last": iso(s.last_us),
            }
            for s in asset.services
        ],
        "services_more": asset.services_more,
        "peers": asset.peers,
        "peers_outside": asset.peers_outside,
        "first": iso(asset.first_us),
        "last": iso(asset.last_us),
        "new": asset.new,
    }


def _cells(asset: "Asset", language: Language) -> list[str]:
    services = [f"{s.port}/{s.proto}" + (f" {s.app}" if s.app else "") for s in asset.services[:6]]
    more = len(asset.services) + asset.services_more - len(services)
    return [
        asset.address,
        ", ".join(asset.names[:2]),
        *(_best(asset, kind, language) for kind in KINDS),
        ", ".join(services) + (f" +{more}" if more else ""),
        str(asset.peers),
        iso(asset.first_us)[:16],
        iso(asset.last_us)[:16],
    ]


def _best(asset: "Asset", kind: str, language: Language, most: int = 3) -> str:
    from bavn.actor.assets.rules import SAID

    def word(value: str) -> str:
        return SAID[value].say(language) if kind == "role" else value

    return ", ".join(f"{word(value)} {sure:.0%}" for value, sure in asset.best(kind)[:most])  # type: ignore[arg-type]


def _spoken(use: "Use") -> dict[str, Any]:
    names = ("protocol", "port", "name", "version", "cipher", "group", "standing", "count", "clients")
    subject = use.certificate.subject if use.certificate else None
    return {name: getattr(use, name) for name in names} | {"certificate": subject}


def _card(
    asset: "Asset", crypto: "tuple[Use, ...]", suspicions: list[dict[str, Any]], language: Language, *, as_json: bool
) -> None:
    spoken = [_spoken(use) for use in crypto if use.server == asset.address]
    if as_json:
        print(json.dumps(facts(asset, language) | {"tls": spoken, "suspicions": suspicions}, ensure_ascii=False))
        return
    screen = _screen()
    say = {name: heading(name, language) for name in (*KINDS, "first seen", "last seen", "peers", "services")}
    print(f"{asset.address}  {', '.join(asset.names)}  {', '.join(asset.macs)}".rstrip())
    print(
        f"{say['first seen']} {iso(asset.first_us)[:19]}, {say['last seen']} {iso(asset.last_us)[:19]}, "
        f"{say['peers']} {asset.peers} ({asset.peers_outside} {_OUTSIDE.say(language)})"
    )
    for kind in KINDS:
        print(f"{say[kind]}: {_best(asset, kind, language, 10) or _UNKNOWN.say(language)}")
        for hint in asset.hints:
            if hint.kind == kind:
                screen.print(f"    {hint.confidence:.0%} {hint.reason.say(language)}", highlight=False, markup=False)
    print(f"{say['services']}:")
    for s in asset.services:
        line = f"    {s.port}/{s.proto} {s.app or ''} {s.software or ''}".rstrip()
        clients = Text.shaped(
            "{clients}, {flows}",
            clients=clients_counted(s.clients),
            flows=Text.counted("{count:,} flow", "{count:,} flows", s.flows),
        ).say(language)
        screen.print(
            f"{line}: {clients}, {iso(s.first_us)[:16]} - {iso(s.last_us)[:16]}", highlight=False, markup=False
        )
    for use in spoken:
        screen.print(
            f"    {use['protocol']}/{use['port']} {use['version'] or '-'} {use['cipher'] or '-'} {use['group'] or '-'}"
            f" ({use['standing']}) x{use['count']}",
            highlight=False,
            markup=False,
        )
    for found in suspicions:
        p = small(found["p"], language)
        screen.print(f"    {found['detector']} p {p}: {found['why']}", highlight=False, markup=False)


def _tallies(tallies: "tuple[Tally, ...]", language: Language) -> Table:
    from bavn.actor.assets.crypto import BLOCKERS, STANDINGS

    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in ("what", "total", "share"):
        table.add_column(heading(name, language), overflow="fold")
    for standing in STANDINGS.values():
        table.add_column(standing.say(language), justify="right")
    table.add_column(heading("blocked", language), ratio=1, overflow="fold")
    for tally in tallies:
        known = tally.total - tally.by_standing.get("unknown", 0)
        said = {name: n for name, n in tally.by_blocker.items() if name != "none"}
        blocked = [f"{BLOCKERS[name].say(language)} ({number(n, language)})" for name, n in said.items()]
        share = f"{tally.share:.0%}" if known else "?"
        counts = [number(tally.by_standing.get(name, 0), language) for name in STANDINGS]
        what = WAYS[tally.what].say(language) if tally.what in WAYS else tally.what
        table.add_row(Shown(what), number(tally.total, language), share, *counts, Shown("; ".join(blocked)))
    return table


def _tally_facts(kind: str, tally: "Tally") -> dict[str, Any]:
    return {
        kind: tally.what,
        "total": tally.total,
        "share": round(tally.share, 4),
        "standing": tally.by_standing,
        "blocked_by": {name: n for name, n in tally.by_blocker.items() if name != "none"},
    }


def _suspicions(given: "NodeConfig", host: str, language: Language) -> list[dict[str, Any]]:
    """What the node suspects of the host now; nothing where it has not looked yet."""
    import sqlite3
    from contextlib import closing

    from bavn.actor.door.suspicions import RANKED_SQL, ranked_of
    from bavn.wire.book import read_only

    file = given.folder / "node.db"
    if not file.exists():
        return []
    try:
        with closing(read_only(file)) as book:
            ranked = ranked_of(book.execute(RANKED_SQL).fetchall())
    except sqlite3.OperationalError:
        return []
    return [
        {
            "rank": e.rank,
            "what": e.suspicion.headline.say(language),
            "detector": e.suspicion.detector,
            "p": e.suspicion.p,
            "peer": e.suspicion.peer,
            "why": e.suspicion.why.say(language),
        }
        for e in ranked
        if e.suspicion.host == host
    ]


def _read(config: Path) -> "NodeConfig":
    from bavn.app.config.load import read_node

    return read_node(config)


@contextmanager
def _window(given: "NodeConfig") -> Iterator["Window"]:
    """All that the store knows, also while the node runs."""
    from bavn.actor.store.faults import StoreBroken, StoreDamaged
    from bavn.actor.store.history import History
    from bavn.actor.store.limits import StoreLimits
    from bavn.model.ports import QueryRefused

    folder = given.folder / "store"
    if not (folder / "manifest.sqlite").is_file():
        raise Stop(
            Exit.NOT_FOUND,
            Text(
                "there is no store in {folder}: this node has not run yet; start it with `bavn node run`", folder=folder
            ),
        )
    limits = StoreLimits(memory_mb_max=given.store.memory_mb_max, threads=given.store.threads, query_s_max=QUERY_S_MAX)
    try:
        with History.read(folder, limits, homes=given.node.homes) as history:
            span = history.stats()
            first, last = span.oldest_us, span.newest_us
            with history.window(first or 0, 0 if last is None else last + 1) as window:
                yield window
    except (StoreBroken, StoreDamaged) as error:
        raise Stop(Exit.BROKEN, Text.of_error(error)) from error
    except QueryRefused as error:
        raise Stop(
            Exit.BROKEN,
            Text(
                "it is too much for one look ({error}): raise memory_mb_max under [store]", error=Text.of_error(error)
            ),
        ) from error


def _address(text: str) -> str:
    from bavn.model.record import address_text, address_uuid

    try:
        return address_text(address_uuid(text))
    except ValueError as error:
        raise Stop(Exit.USAGE, Text("--host {text} is no address", text=repr(text))) from error


def _roles(text: str) -> frozenset[str]:
    """The roles that a word names, in either language."""
    from bavn.actor.assets.rules import SAID

    wanted = text.casefold()
    roles = {
        role for role, said in SAID.items() if wanted in (role, *(said.say(one).casefold() for one in languages()))
    }
    if not roles:
        raise Stop(Exit.USAGE, Text("--role {text} is none of: {named}", text=repr(text), named=", ".join(SAID)))
    return frozenset(roles)


def _safe_cell(cell: str) -> str:
    """A host names itself: its name must not become a formula of the spreadsheet's."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _screen() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=WIDTH_PLAIN)
