"""`bavn analyse`: captures and logs in, suspicions with reasons out."""

import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich import box
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from bavn.app.exits import Exit, Stop
from bavn.model.evidence import alert_line
from bavn.model.moment import iso

if TYPE_CHECKING:
    from bavn.actor.detect.indicators import IndicatorSet
    from bavn.actor.detect.rank import Ranked
    from bavn.app.analyse import Findings

P_SHOWN_MAX = 0.05
WIDTH_PLAIN = 180


def analyse(
    paths: Annotated[list[Path], typer.Argument(help="Captures, EVE files, Zeek logs, or folders of them.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language: Annotated[Literal["en", "da"], typer.Option(help="Language of the sentences.")] = "en",
    home: Annotated[list[str] | None, typer.Option(help="An own network (CIDR); may be repeated.")] = None,
    ioc: Annotated[list[Path] | None, typer.Option(help="A list of indicators; may be repeated.")] = None,
    together: Annotated[bool, typer.Option("--together", help="Look at all of it as one network's.")] = False,
    top: Annotated[int, typer.Option(min=1, help="At most so many for each source.")] = 1000,
    p_max: Annotated[float, typer.Option(min=1e-9, max=1.0, help="Leave out what has a larger p-value.")] = P_SHOWN_MAX,
    evidence_min: Annotated[float, typer.Option(help="Leave out what is worth less, in nats (at most 4).")] = -1.0,
    all_: Annotated[bool, typer.Option("--all", help="Leave nothing out.")] = False,
) -> None:
    """Find out what each path is, run every detector, and say what is suspicious and why.

    Each capture, EVE file and folder of Zeek logs is looked at by itself. Exit code 5 says that something could not be
    read, or only in part; the rest is looked at all the same.
    """
    from bavn.app.analyse import Unread, units
    from bavn.app.analyse import analyse as look

    homes = tuple(_network(text) for text in home or ())
    indicators = _indicators(ioc or [])
    keep = Kept(1.0 if all_ else p_max, -1.0 if all_ else evidence_min, top)
    screen = Console(stderr=True)
    faults = looked_at = 0
    with screen.status("reading") as status:
        for unit in units(paths, together=together):
            found = (
                unit
                if isinstance(unit, Unread)
                else look(unit, homes=homes, indicators=indicators, progress=partial(_tell, status, unit.source))
            )
            if isinstance(found, Unread):
                faults += 1
                print(f"bavn: {found.source}: {found.reason}", file=sys.stderr)
                continue
            looked_at += 1
            faults += any(refusal.line == 0 for refusal in found.refusals)
            _say_refused(found)
            _show(found, keep, language, as_json=as_json)
    if faults and not looked_at:
        raise typer.Exit(Exit.INPUT)
    if faults:
        raise Stop(Exit.INPUT, f"{faults} of what was given could not be read whole; the rest was looked at")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is shown: up to this p, from this evidence on, at most so many for each source."""

    p_max: float
    evidence_nats_min: float
    top: int

    def of(self, found: "Findings") -> list["Ranked"]:
        kept = [
            one
            for one in found.suspicions
            if one.suspicion.p <= self.p_max and one.suspicion.evidence_nats >= self.evidence_nats_min
        ]
        return kept[: self.top]


def _tell(status: Status, source: str, rows: int) -> None:
    status.update(f"reading {source}: {rows:,} records")


def _say_refused(found: "Findings") -> None:
    """One line for each damaged file; one for all lines that were refused."""
    for refusal in found.refusals:
        if refusal.line == 0:
            print(f"bavn: {refusal.file}: {refusal.reason}", file=sys.stderr)
    lines = [refusal for refusal in found.refusals if refusal.line]
    if lines:
        first = lines[0]
        print(
            f"bavn: {found.source}: {found.refused:,} refused, the first {first.file}:{first.line}: {first.reason}",
            file=sys.stderr,
        )


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


def _show(found: "Findings", keep: Kept, language: Literal["en", "da"], *, as_json: bool) -> None:
    kept = keep.of(found)
    if as_json:
        for one in kept:
            print(json.dumps(_facts(found.source, one, language), ensure_ascii=False))
        sys.stdout.flush()
        return
    screen = Console() if sys.stdout.isatty() else Console(width=WIDTH_PLAIN)
    screen.rule(found.source, align="left")
    rest = len(found.suspicions) - len(kept)
    screen.print(
        f"{found.rows:,} records, {found.refused:,} refused, {found.hosts:,} own hosts; the alert line is the first"
        f" {alert_line(found.hosts)}; {rest:,} weaker left out" + (" (--all)" if rest else ""),
        highlight=False,
        markup=False,
    )
    if found.homes_said is not None:
        screen.print(found.homes_said.say(language), highlight=False, markup=False)
    if kept:
        screen.print(_table(kept, language))
    else:
        screen.print("nothing suspicious", highlight=False)


def _table(kept: list["Ranked"], language: Literal["en", "da"]) -> Table:
    """The suspicions, a line drawn under those that the actor's own SOC would read."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("rank", "detector", "technique", "p", "nats", "host", "peer"):
        table.add_column(heading, overflow="fold", no_wrap=heading not in ("host", "peer"))
    table.add_column("why", ratio=1, min_width=30)
    last = max((one.rank for one in kept if one.above), default=0)
    for one in kept:
        s = one.suspicion
        facts = (str(one.rank), s.detector, s.technique, f"{s.p:.2g}", f"{s.evidence_nats:.2f}", s.host, s.peer)
        table.add_row(*(Text(fact) for fact in facts), Text(s.why.say(language)), end_section=one.rank == last)
    return table


def _facts(source: str, one: "Ranked", language: Literal["en", "da"]) -> dict[str, Any]:
    s = one.suspicion
    return {
        "detector": s.detector, "technique": s.technique, "p": s.p, "p_source": s.p_source,
        "evidence_nats": s.evidence_nats, "host": s.host, "peer": s.peer, "first": iso(s.first_us),
        "last": iso(s.last_us), "why": s.why.say(language), "source": source, "rank": one.rank,
        "above_alert_line": one.above, "listed": s.listed, "hosts": s.hosts,
        "observables": [str(o) for o in s.observables],
    }  # fmt: skip
