"""`bavn analyse`: captures and logs in, suspicions with reasons out."""

import json
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_ISCHR
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text as Cell

from bavn.app.cli.node import assets as hosts
from bavn.app.cli.node.hunt.ioc import no_indicators
from bavn.app.cli.node.hunt.show import visible
from bavn.app.cli.spread import spread
from bavn.app.cli.words import Spoken, heading, number, small
from bavn.app.process.ctrl_c import ctrl_c
from bavn.app.process.exits import Exit, Stop, why_of
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
    from bavn.app.analyst.rule_paths import GivenRules
    from bavn.model.intel.rule import RowRule
    from bavn.model.suspicion import Suspicion

P_SHOWN_MAX = 0.05
WIDTH_PLAIN = 180
INPUTS_SHOWN_MAX = 40
REASONS_SHOWN_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How what is given is read."""

    home: Annotated[list[str] | None, typer.Option(help="An own network (CIDR); may be repeated.")] = None
    ioc: Annotated[list[Path] | None, typer.Option(help="A list of indicators; may be repeated.")] = None
    time_zone: Annotated[str, typer.Option(help="Zone of log times that name none (Europe/Copenhagen).")] = "UTC"
    sigma: Annotated[list[Path] | None, typer.Option(help="Sigma rules: a file or folder; may be repeated.")] = None
    rules: Annotated[
        list[Path] | None,
        typer.Option(help="Suricata's rules for captures: a file, folder or archive, or a node's; may be repeated."),
    ] = None
    together: Annotated[bool, typer.Option("--together", help="Look at all of it as one network's.")] = False


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

        rules, unreadable = _rules(reading.sigma or [], language, verbose=shown.verbose)
        indicators, without = _indicators(reading.ioc or [], language)
        unreadable += without
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
        keep = Kept(
            1.0 if shown.all_ else shown.p_max, -1.0 if shown.all_ else shown.evidence_min, shown.top, shown.all_
        )
        faults = failed = looked_at = last_us = 0
        refusal_shown = False
        crypto: tuple[Use, ...] = ()
        for findings in looked:
            go_on()
            if isinstance(findings, Unread):
                faults += 1
                print(f"bavn: {plain_name(findings.source)}: {findings.reason.say(language)}", file=sys.stderr)
                continue
            looked_at += 1
            crypto += findings.crypto
            last_us = max(last_us, findings.last_us)
            faults += findings.partly_read
            _say_refused(findings, language)
            if not refusal_shown and findings.rules_refused:
                refusal_shown = True
                _say_rules_refused(*findings.rules_refused, language)
            failed += bool(findings.failed)
            _say_failed(findings, language)
            if as_json and findings.failed and not (findings.assets if with_assets else keep.of(findings)):
                print(json.dumps({"source": findings.source, "failed": list(findings.failed)}, ensure_ascii=False))
            if with_assets:
                beside = {"source": findings.source} | ({"failed": list(findings.failed)} if findings.failed else {})
                hosts.show(list(findings.assets), language, as_json=as_json, beside=beside)
                continue
            _show(findings, keep, language, as_json=as_json)
        if cbom is not None and looked_at:
            hosts.write_cbom(cbom, crypto, actor="analysed", at_us=last_us, language=language)
        if (faults and not looked_at) or ((unreadable or failed) and not faults):
            raise typer.Exit(Exit.INPUT)
        if faults:
            raise Stop(
                Exit.INPUT,
                Text.counted(
                    "one of the paths could not be read in full; the rest was analysed",
                    "{count:,} of the paths could not be read in full; the rest was analysed",
                    faults,
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
            zone=_zone(reading.time_zone),
            homes=tuple(_network(text) for text in reading.home or ()),
            indicators=indicators,
            sigma=sigma,
            rules=_suricata_rules(reading.rules or [], Path(scratch), language),
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


def _suricata_rules(paths: list[Path], scratch: Path, language: Language) -> "GivenRules | None":
    """Suricata's rules as one file; those that may not run are counted. Stop for a path without a rule."""
    if not paths:
        return None
    from bavn.actor.sense.rules.source import RulesRefused
    from bavn.app.analyst.rule_paths import given_rules

    try:
        rules = given_rules(paths, scratch)
    except RulesRefused as error:
        raise Stop(Exit.USAGE, Text.shaped("--rules {why}", why=Text.of_error(error))) from error
    if rules.left_out:
        first = rules.left_out[0]
        sentence = Text.counted(
            "one of Suricata's rules is left out: {first}",
            "{count:,} of Suricata's rules are left out, the first: {first}",
            len(rules.left_out),
            first=first.sentence,
        )
        print(f"bavn: {sentence.say(language)}", file=sys.stderr)
    return rules


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


def _tell(status: Status, language: Language, source: str, rows: int) -> None:
    status.update(Text("reading {source}: {records}", source=source, records=records(rows)).say(language))


def _tell_done(status: Status, language: Language, done: int, every: int) -> None:
    status.update(Text("{done} of {every} looked at", done=done, every=every).say(language))


def _tell_look(status: Status, language: Language, source: str, look: int, looks: int) -> None:
    said = Text("looking at {source}: day {look} of {looks}", source=source, look=look, looks=looks)
    status.update(said.say(language))


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


def _zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, KeyError) as error:
        raise Stop(Exit.USAGE, Text("--time-zone {text}: no such zone (as Europe/Copenhagen is)", text=text)) from error


def _network(text: str) -> str:
    from ipaddress import ip_network

    try:
        return str(ip_network(text, strict=False))
    except ValueError as error:
        raise Stop(Exit.USAGE, Text("--home {text}: {error}", text=text, error=Text.of_error(error))) from error


def _indicators(files: list[Path], language: Language) -> "tuple[IndicatorSet, int]":
    """The indicators of all lists, and how many lists hold not one: these are named."""
    from bavn.actor.detect.indicators.indicators import NO_INDICATORS
    from bavn.actor.detect.indicators.reader import read
    from bavn.app.analyst.analyse import NO_FILE

    indicators, without = NO_INDICATORS, 0
    for file in files:
        try:
            if S_ISCHR(file.stat().st_mode):  # one such as /dev/zero has no end
                raise Stop(Exit.USAGE, Text.shaped("--ioc {file}: {why}", file=file, why=NO_FILE))
            with file.open(encoding="utf-8", errors="replace") as lines:
                reading = read(lines)
        except OSError as error:
            raise Stop(Exit.USAGE, Text("--ioc {file}: {why}", file=file, why=why_of(error))) from error
        indicators |= reading.indicators
        no_indicators(visible(str(file)), list(reading.refusals), reading.refused, language)
        if not reading.indicators:
            without += 1
            said = Text("there is not one indicator in it").say(language)
            print(f"bavn: {visible(str(file))}: {said}", file=sys.stderr)
    return indicators, without


def _rules(paths: list[Path], language: Language, *, verbose: bool) -> "tuple[tuple[RowRule, ...], int]":
    """The rules that run, and how many cannot be read: these are named, those that are not supported counted (or named
    too)."""
    from bavn.actor.hunt.sigma import rules_of
    from bavn.app.node.sigma_files import sigma_outcomes

    for path in paths:
        if not path.exists():
            raise Stop(Exit.USAGE, Text("--sigma {path}: there is no such file or folder", path=path))
    outcomes = sigma_outcomes(paths) if paths else []
    left = sum(outcome.standing == "unsupported" for outcome in outcomes)
    if left and not verbose:
        sentence = Text.counted(
            "{count:,} of {outcomes:,} Sigma rules is not supported and does not run (--verbose says why)",
            "{count:,} of {outcomes:,} Sigma rules are not supported and do not run (--verbose says why)",
            left,
            outcomes=len(outcomes),
        ).say(language)
        print(f"bavn: {sentence}", file=sys.stderr)
    for outcome in outcomes:
        if outcome.standing == "unreadable" or (verbose and outcome.standing == "unsupported"):
            named = f"{outcome.file}: {outcome.title}".removesuffix(": ")
            print(f"bavn: {named}: {outcome.reason}", file=sys.stderr)
    return rules_of(outcomes), sum(outcome.standing == "unreadable" for outcome in outcomes)


def _show(findings: "Findings", keep: Kept, language: Language, *, as_json: bool) -> None:
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
