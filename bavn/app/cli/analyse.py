"""`bavn analyse`: captures and logs in, suspicions with reasons out."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

from bavn.app.exits import Exit, Stop
from bavn.model.evidence import alert_line
from bavn.model.moment import iso

if TYPE_CHECKING:
    from bavn.actor.detect.indicators import IndicatorSet
    from bavn.actor.detect.rank import Ranked
    from bavn.app.analyse import Findings

P_SHOWN_MAX = 0.05


def analyse(
    paths: Annotated[list[Path], typer.Argument(help="Captures, EVE files, Zeek logs, or folders of them.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language: Annotated[Literal["en", "da"], typer.Option(help="Language of the sentences.")] = "en",
    home: Annotated[list[str] | None, typer.Option(help="An own network (CIDR); may be repeated.")] = None,
    ioc: Annotated[list[Path] | None, typer.Option(help="A list of indicators; may be repeated.")] = None,
    top: Annotated[int, typer.Option(min=1, help="At most so many for each source.")] = 1000,
    p_max: Annotated[float, typer.Option(min=1e-9, max=1.0, help="Leave out what has a larger p-value.")] = P_SHOWN_MAX,
    all_: Annotated[bool, typer.Option("--all", help="Leave nothing out.")] = False,
) -> None:
    """Find out what each path is, run every detector, and say what is suspicious and why."""
    from bavn.app.analyse import Findings, Unread, units
    from bavn.app.analyse import analyse as look

    homes = tuple(_network(text) for text in home or ())
    indicators = _indicators(ioc or [])
    screen = Console(stderr=True)
    unread: list[Unread] = []
    with screen.status("reading") as status:
        for unit in units(paths):
            if isinstance(unit, Unread):
                unread.append(unit)
                continue
            status.update(f"reading {unit[0]}")
            told = partial(_tell, status, unit[0])
            found = look(unit, homes=homes, indicators=indicators, progress=told)
            if isinstance(found, Findings):
                _show(found, 1.0 if all_ else p_max, top, language, as_json=as_json)
            else:
                unread.append(found)
    for one in unread:
        print(f"bavn: {one.source}: {one.reason}", file=sys.stderr)
    if unread:
        raise Stop(Exit.INPUT, f"{len(unread)} of the given paths could not be read; the rest was looked at")


def _tell(status: Status, file: Path, rows: int) -> None:
    status.update(f"reading {file}: {rows:,} records")


def _network(text: str) -> str:
    from ipaddress import ip_network

    try:
        return str(ip_network(text, strict=False))
    except ValueError as error:
        raise Stop(Exit.USAGE, f"--home {text}: {error}") from error


def _indicators(files: list[Path]) -> "IndicatorSet":
    from bavn.actor.detect.indicator_list import read
    from bavn.actor.detect.indicators import NO_INDICATORS

    made = NO_INDICATORS
    for file in files:
        try:
            with file.open(encoding="utf-8", errors="replace") as lines:
                reading = read(lines)
        except OSError as error:
            raise Stop(Exit.USAGE, f"--ioc {file}: {error.strerror}") from error
        made |= reading.indicators
        for line, refused in reading.refusals[:5]:
            print(f"bavn: {file}:{line}: {refused.reason}", file=sys.stderr)
    return made


def _show(found: "Findings", p_max: float, top: int, language: Literal["en", "da"], *, as_json: bool) -> None:
    kept = [one for one in found.suspicions if one.suspicion.p <= p_max][:top]
    for refusal in found.refusals[:3]:
        print(f"bavn: {refusal.file}:{refusal.line}: {refusal.reason}", file=sys.stderr)
    if as_json:
        for one in kept:
            print(json.dumps(_facts(found.source, one, language), ensure_ascii=False))
        sys.stdout.flush()
        return
    line = alert_line(found.hosts)
    screen = Console()
    screen.rule(found.source, align="left")
    rest = len(found.suspicions) - len(kept)
    screen.print(
        f"{found.rows:,} records, {found.refused:,} lines refused, {found.hosts:,} own hosts; the alert line is the "
        f"first {line}; {rest} weaker ones are left out" + ("" if rest == 0 else " (--all)"),
        highlight=False, markup=False,
    )  # fmt: skip
    if found.homes_said is not None:
        screen.print(found.homes_said.say(language), highlight=False, markup=False)
    if not kept:
        screen.print("nothing suspicious", highlight=False)
        return
    table = Table("rank", "detector", "technique", "p", "nats", "host", "peer", "why", box=None, pad_edge=False)
    for one in kept:
        s = one.suspicion
        rank = f"{one.rank}" if one.above else f"({one.rank})"
        table.add_row(
            rank, s.detector, s.technique, f"{s.p:.2g}", f"{s.evidence_nats:.2f}", s.host, s.peer, s.why.say(language)
        )
    screen.print(table)


def _facts(source: str, one: "Ranked", language: Literal["en", "da"]) -> dict[str, Any]:
    s = one.suspicion
    return {
        "detector": s.detector, "technique": s.technique, "p": s.p, "p_source": s.p_source,
        "evidence_nats": s.evidence_nats, "host": s.host, "peer": s.peer, "first": iso(s.first_us),
        "last": iso(s.last_us), "why": s.why.say(language), "source": source, "rank": one.rank,
        "above_alert_line": one.above, "listed": s.listed, "hosts": s.hosts,
        "observables": [str(o) for o in s.observables],
    }  # fmt: skip
