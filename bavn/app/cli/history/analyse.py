"""`bavn analyse`: captures and logs in, suspicions with reasons out."""

import json
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text as Cell

from bavn.app.cli.history.given import Reading, indicators_of, network_of, sigma_rules, suricata_rules, zone_of
from bavn.app.cli.node import assets as hosts
from bavn.app.cli.spread import spread
from bavn.app.cli.words import Spoken, heading, number, small
from bavn.app.process.ctrl_c import ctrl_c
from bavn.app.process.exits import Exit, Stop
from bavn.model.counted import own_hosts, records
from bavn.model.evidence import alert_line
from bavn.model.moment import iso
from bavn.model.sector.tally import technique_words
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.assets.crypto import Use
    from bavn.actor.detect.indicators.indicators import IndicatorSet
    from bavn.actor.detect.rank import Ranked
    from bavn.actor.sense.rules.text import LeftOut
    from bavn.app.analyst.analyse import Findings, Unread
    from bavn.model.intel.rule import RowRule
    from bavn.model.suspicion import Suspicion

P_SHOWN_MAX = 0.05
WIDTH_PLAIN = 180
INPUTS_SHOWN_MAX = 40
REASONS_SHOWN_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of it is shown."""

    top: Annotated[int, typer.Option(min=1, help="At most so many for each source.")] = 1000
    p_max: Annotated[float, typer.Option(min=1e-9, max=1.0, help="Leave out what has a larger p-value.")] = P_SHOWN_MAX
    evidence_min: Annotated[
        float, typer.Option(min=-1e3, max=1e3, help="Leave out what is worth less, in nats (at most 4).")
    ] = -1.0
    all_: Annotated[bool, typer.Option("--all", help="Leave nothing out.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name each Sigma rule that cannot run.")] = False


@spread
def analyse(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Captures, EVE files, Zeek logs, other logs, or folders.", readable=False),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    language: Spoken = "en",
    reading: Reading,
    shown: Shown,
    with_assets: Annotated[bool, typer.Option("--assets", help="Show the own hosts instead: roles, services.")] = False,
    cbom: Annotated[
        Path | None, typer.Option(help="Write what the encryption is made of here (CycloneDX 1.6), too.")
    ] = None,
) -> None:
    """Find out what each path is, run every detector, and say what is suspicious and why.

    Each capture, EVE file and folder of Zeek logs is looked at by itself. Exit code 5 says that something could not be
    read, or only in part (one line in twenty, or a file that is cut off), or that a detector failed; the rest is
    looked at all the same.
    """
    with ctrl_c() as go_on, ExitStack() as undo:
        from bavn.app.analyst.analyse import Unread

        rules, unreadable = sigma_rules(reading.sigma or [], language, verbose=shown.verbose)
        indicators, without = indicators_of(reading.ioc or [], language)
        looking = _looked_at(
            paths,
            reading,
            language,
            rules,
            indicators,
            go_on,
            with_assets=with_assets,
            with_crypto=cbom is not None,
        )
        looked = undo.enter_context(closing(looking))  # interrupted, it leaves no folder behind
        keep, outcome = _kept(shown), _Outcome(unreadable=unreadable + without)
        for findings in looked:
            go_on()
            if isinstance(findings, Unread):
                outcome.faults += 1
                print(f"bavn: {plain_name(findings.source)}: {findings.reason.say(language)}", file=sys.stderr)
                continue
            _say_missing(findings, language, with_rules=not outcome.rules_refused)
            outcome.add(findings)
            _show(findings, keep, language, as_json=as_json, with_assets=with_assets)
        if cbom is not None and outcome.looked_at:
            hosts.write_cbom(cbom, outcome.crypto, actor="analysed", at_us=outcome.last_us, language=language)
        outcome.end(language)


@dataclass(slots=True)
class _Outcome:
    """What came of all paths. ``unreadable``: lists and rules that could not be read; ``faults``: paths that could not,
    or only in part; ``failed``: paths at which a detector failed. ``rules_refused``: whether Suricata took not every
    rule; ``crypto``, ``last_us``: as Findings has them, of all."""

    unreadable: int
    faults: int = 0
    failed: int = 0
    looked_at: int = 0
    rules_refused: bool = False
    crypto: "tuple[Use, ...]" = ()
    last_us: int = 0

    def add(self, findings: "Findings") -> None:
        self.looked_at += 1
        self.faults += findings.partly_read
        self.failed += bool(findings.failed)
        self.rules_refused |= findings.rules_refused is not None
        self.crypto += findings.crypto
        self.last_us = max(self.last_us, findings.last_us)

    def end(self, language: Language) -> None:
        """Raises Exit or Stop where something is missing."""
        if (self.faults and not self.looked_at) or ((self.unreadable or self.failed) and not self.faults):
            raise typer.Exit(Exit.INPUT)
        if self.faults:
            raise Stop(
                Exit.INPUT,
                Text.counted(
                    "one of the paths could not be read in full; the rest was analysed",
                    "{count:,} of the paths could not be read in full; the rest was analysed",
                    self.faults,
                ).say(language),
            )


def _looked_at(
    paths: list[Path],
    reading: Reading,
    language: Language,
    sigma: "tuple[RowRule, ...]",
    indicators: "IndicatorSet",
    go_on: Callable[[], None],
    *,
    with_assets: bool,
    with_crypto: bool,
) -> "Generator[Findings | Unread]":
    """What each of them gives, one after another; the screen says how far it is. Stop for what cannot be meant."""
    from bavn.app.analyst.analyse import units
    from bavn.app.analyst.many import Wanted, analysed

    with tempfile.TemporaryDirectory(prefix="bavn-rules-") as scratch:
        wanted = Wanted(
            zone=zone_of(reading.time_zone),
            homes=tuple(network_of(text) for text in reading.home or ()),
            indicators=indicators,
            sigma=sigma,
            rules=suricata_rules(reading.rules or [], Path(scratch), language),
            with_assets=with_assets,
            with_crypto=with_crypto,
        )
        with Console(stderr=True).status(Text("reading").say(language)) as status:
            yield from analysed(
                list(units(paths, together=reading.together)),
                wanted,
                progress=_unless(go_on, partial(_tell, status, language)),
                began=_unless(go_on, partial(_tell_look, status, language)),
                done=partial(_tell_done, status, language),
            )


def _unless[**P](stopped: Callable[[], None], tell: Callable[P, None]) -> Callable[P, None]:
    """Tells how far it is, and ends there if it was stopped meanwhile."""

    def told(*facts: P.args, **named: P.kwargs) -> None:
        stopped()
        tell(*facts, **named)

    return told


@dataclass(frozen=True, slots=True)
class Kept:
    """What is shown: up to this p, from this evidence on, at most so many for each source. ``whole``: what the internet
    tried is shown address by address."""

    p_max: float
    evidence_nats_min: float
    top: int
    whole: bool = False

    def of(self, findings: "Findings") -> list["Ranked"]:
        """All that is strong enough, however many."""
        return [
            one
            for one in findings.suspicions
            if one.suspicion.p <= self.p_max and one.suspicion.evidence_nats >= self.evidence_nats_min
        ]


def _kept(shown: Shown) -> Kept:
    if shown.all_:
        return Kept(1.0, -1.0, shown.top, whole=True)
    return Kept(shown.p_max, shown.evidence_min, shown.top)


def _tell(status: Status, language: Language, source: str, rows: int) -> None:
    status.update(Text("reading {source}: {records}", source=source, records=records(rows)).say(language))


def _tell_done(status: Status, language: Language, done: int, every: int) -> None:
    status.update(Text("{done} of {every} looked at", done=done, every=every).say(language))


def _tell_look(status: Status, language: Language, source: str, look: int, looks: int) -> None:
    said = Text("looking at {source}: day {look} of {looks}", source=source, look=look, looks=looks)
    status.update(said.say(language))


def _say_missing(findings: "Findings", language: Language, *, with_rules: bool) -> None:
    """What gave nothing. ``with_rules``: also that Suricata takes not every rule, which is the same at each path."""
    _say_refused(findings, language)
    if with_rules and findings.rules_refused:
        _say_rules_refused(*findings.rules_refused, language)
    _say_failed(findings, language)


def _say_refused(findings: "Findings", language: Language) -> None:
    """One line for each damaged file; one for all lines that were refused, and for some of the other reasons."""
    for refusal in findings.refusals:
        if refusal.line == 0:
            print(f"bavn: {plain_name(refusal.file)}: {refusal.why.say(language)}", file=sys.stderr)
    lines = [refusal for refusal in findings.refusals if refusal.line]
    if lines:
        first, count = lines[0], number(findings.refused, language)
        say = Text("{count} refused, the first", count=count).say(language)
        why = first.why.say(language)
        source, file = plain_name(findings.source), plain_name(first.file)
        print(f"bavn: {source}: {say} {file}:{first.line}: {why}", file=sys.stderr)
        others = {refusal.reason: refusal for refusal in reversed(lines)}
        others.pop(first.reason)
        for other in sorted(others.values())[:REASONS_SHOWN_MAX]:
            place = f"{plain_name(other.file)}:{other.line}"
            said = Text("others, the first {place}: {why}", place=place, why=other.why).say(language)
            print(f"bavn: {source}: {said}", file=sys.stderr)


def _say_rules_refused(count: int, first: "LeftOut", language: Language) -> None:
    counted = Text.counted(
        "Suricata does not take one of the rules: {first}",
        "Suricata does not take {count:,} of the rules, the first: {first}",
        count,
        first=first.sentence,
    )
    print(f"bavn: {counted.say(language)}", file=sys.stderr)


def _say_failed(findings: "Findings", language: Language) -> None:
    """What is missing because a detector failed: else a result without it would look whole."""
    if findings.failed:
        sentence = Text(
            "what these detectors would have found is missing, they failed: {failed}", failed=", ".join(findings.failed)
        )
        print(f"bavn: {plain_name(findings.source)}: {sentence.say(language)}", file=sys.stderr)


def plain_name(path: str) -> str:
    """A file's name without what a terminal would act on: whoever made a capture named it."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in path)


def _show(findings: "Findings", keep: Kept, language: Language, *, as_json: bool, with_assets: bool) -> None:
    """Own hosts or suspicions; as JSON what failed is said also where there are none."""
    if as_json and findings.failed and not (findings.assets if with_assets else keep.of(findings)):
        print(json.dumps({"source": findings.source, "failed": list(findings.failed)}, ensure_ascii=False))
    if with_assets:
        beside = {"source": findings.source} | ({"failed": list(findings.failed)} if findings.failed else {})
        hosts.show(list(findings.assets), language, as_json=as_json, beside=beside)
        return
    _show_suspicions(findings, keep, language, as_json=as_json)


def _show_suspicions(findings: "Findings", keep: Kept, language: Language, *, as_json: bool) -> None:
    from bavn.app.analyst.knocking import knocks, lines_of
    from bavn.app.process.real import SystemClock

    fitting, now_us = keep.of(findings), SystemClock().now_us()
    folded = knocks(item.suspicion for item in fitting)
    if as_json:
        for item in fitting[: keep.top]:
            day = folded.get(item.suspicion.id)
            told = {"knock": item.suspicion.knock or None, "folded": day and day.line(now_us).say(language)}
            print(json.dumps(_facts(findings, item, language) | told, ensure_ascii=False))
        sys.stdout.flush()
        return
    screen = Console() if sys.stdout.isatty() else Console(width=WIDTH_PLAIN)
    screen.rule(Cell(plain_name(findings.source)), align="left")
    kept = [item for item in fitting if keep.whole or item.suspicion.id not in folded][: keep.top]
    lines = [] if keep.whole else [line.say(language) for line in lines_of(folded, now_us)]
    rest = len(findings.suspicions) - len(kept) - (len(folded) if lines else 0)
    summary = _summary(findings, rest, some=bool(kept or lines)).say(language)
    screen.print(summary + (" (--all)" if rest else ""), highlight=False, markup=False)
    _show_inputs(screen, findings, language)
    if findings.homes_said is not None:
        screen.print(findings.homes_said.say(language), highlight=False, markup=False)
    if kept:
        screen.print(_table(findings, kept, language))
    elif not lines:
        screen.print(Text("nothing suspicious").say(language), highlight=False)
    for line in lines:
        screen.print(f"{line} (--all)", highlight=False, markup=False)


def _summary(findings: "Findings", weaker: int, *, some: bool) -> Text:
    """What was read, how many would alert, and how many weaker ones are not shown. ``some``: any is shown."""
    summary = Text(
        "{records}, {refused:,} refused, {hosts}",
        records=records(findings.rows),
        refused=findings.refused,
        hosts=own_hosts(findings.hosts),
    )
    if not findings.suspicions:
        return summary
    if not some:
        return Text("{summary}; {weaker:,} weaker left out", summary=summary, weaker=weaker)
    return Text(
        "{summary}; {alerting}; {weaker:,} weaker left out",
        summary=summary,
        alerting=Text.counted(
            "the first would alert",
            "the first {count:,} would alert",
            min(alert_line(findings.hosts), len(findings.suspicions)),
        ),
        weaker=weaker,
    )


def _show_inputs(screen: Console, findings: "Findings", language: Language) -> None:
    for given in findings.inputs[:INPUTS_SHOWN_MAX]:
        name = given.file if given.file == findings.source else given.file.removeprefix(f"{findings.source}/")
        screen.print(f"{plain_name(name)}: {given.summary().say(language)}", highlight=False, markup=False)
    more = len(findings.inputs) - INPUTS_SHOWN_MAX
    if more > 0:
        screen.print(
            Text.counted("and {count:,} file more", "and {count:,} files more", more).say(language), highlight=False
        )


def _table(findings: "Findings", kept: list["Ranked"], language: Language) -> Table:
    """The suspicions: what each is, what speaks against it, what to look at first, its figures after. A line is drawn
    under those that the actor's own SOC would read; of an archive of several days also when each would first have been
    told."""
    several = findings.looks > 1
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in ("rank", "host", "peer"):
        table.add_column(heading(name, language), overflow="fold", no_wrap=name == "rank")
    if several:
        table.add_column(Text("told at").say(language), no_wrap=True)
    table.add_column(heading("what", language), ratio=1, min_width=30)
    last = max((item.rank for item in kept if item.above), default=0)
    for item in kept:
        s = item.suspicion
        told_us = findings.told_us.get(s.id)
        told = ("" if told_us is None else iso(told_us)[:16],) if several else ()
        facts = (str(item.rank), s.host, s.peer, *told)
        table.add_row(*(Cell(fact) for fact in facts), _sentences(s, language), end_section=item.rank == last)
    return table


def _sentences(s: "Suspicion", language: Language) -> Cell:
    """What is said of it, the figures last and faint."""
    from bavn.app.analyst.detector_guide import figures, told

    first, *more = (line.say(language) for line in told(s))
    exact = Text(
        "{detector}, {technique}, p {p}, {nats} nats, {began} to {ended} UTC",
        detector=s.detector,
        technique=technique_words(s.technique),
        p=small(s.p, language),
        nats=number(s.evidence_nats, language, 2),
        began=iso(s.rows.first_us)[:16],
        ended=iso(s.last_us)[:16],
    )
    cell = Cell().append(first, style="bold")
    for line in more:
        cell.append("\n" + line)
    for figure in (exact, *figures(s)):
        cell.append("\n" + figure.say(language), style="dim")
    return cell


def _facts(findings: "Findings", item: "Ranked", language: Language) -> dict[str, Any]:
    from bavn.app.analyst.suspected import found_of, sentences

    s = item.suspicion
    told_us = findings.told_us.get(s.id)
    return {
        **found_of(s),
        **sentences(s, language),
        "told": None if told_us is None else iso(told_us),
        "source": findings.source,
        "rank": item.rank,
        "above_alert_line": item.above,
        "listed": s.listed,
        "hosts": s.hosts,
        "observables": [str(o) for o in s.observables],
        "failed": list(findings.failed),
    }
