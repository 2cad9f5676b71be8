"""Drafts of NIS2's reports, filled from a case as far as the sector knows it, in Danish and English (article 23(4)).

A draft is one actor's: it says how many organisations saw the same, never which. What only the actor can know stands as
a gap in brackets, and the gaps are counted, so that nobody sends a draft for a report. Refuses to send anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from bavn.centre.cases.case.case import Case
from bavn.centre.cases.nis2.clocks import Nis2View
from bavn.model.moment import HOUR_US, as_datetime
from bavn.model.sector.case import CaseState
from bavn.model.sector.functions import FUNCTIONS
from bavn.model.sector.nis2 import NAMES, REPORTS, CrossBorder, Due, Nis2Act
from bavn.model.sector.refusal import word
from bavn.model.text import Text

GAP_OPENS: Final = "[["
_JUDGED: Final = (CaseState.CONFIRMED, CaseState.RELEASED, CaseState.CLOSED)
_CROSSES: Final[Mapping[CrossBorder, Text]] = {
    "yes": Text("Yes."),
    "no": Text("No."),
    "unknown": Text("[[yes, no, or how it is looked into]]"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFacts:
    """``first_us``: the first sighting in the sector, by its hour. ``functions``: critical functions that the actor
    delivers; ``suppliers``: whom it depends on. ``blocked``: (observable, when) of the case's indicators that are in
    force at this actor; ``released``: observables that were released to the sector; ``done``: (text, when) of the
    case's tasks that this actor has done."""

    case: Case
    view: Nis2View
    zone: tzinfo
    first_us: int | None = None
    functions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    blocked: tuple[tuple[str, int], ...] = ()
    done: tuple[tuple[str, int], ...] = ()


def draft(report: Nis2Act, facts: DraftFacts) -> tuple[Text, ...]:
    """The lines of a draft, Markdown. ValueError for what is no report."""
    if report not in REPORTS:
        raise ValueError(
            Text(
                "{report} is no report; there are {reports}",
                report=word(report),
                reports=", ".join(one.value for one in REPORTS),
            )
        )
    name = NAMES[report]
    lines = [
        Text("# Draft: {name}, NIS2 article 23(4)", name=name),
        Text("Entity: {actor}", actor=facts.view.actor),
        Text("Case: {id}", id=facts.case.id),
        *_times(report, facts),
        *_suspected(facts),
    ]
    if report is not Nis2Act.EARLY_WARNING:
        lines += [*_what(facts), *_impact(facts), *_indicators(facts)]
    if report in (Nis2Act.PROGRESS, Nis2Act.FINAL):
        lines += _measures(facts)
    if report is Nis2Act.FINAL:
        lines += _cause()
    return tuple(lines)


def gaps(lines: tuple[Text, ...]) -> int:
    """How many places only the actor can fill."""
    return sum(line.en.count(GAP_OPENS) for line in lines)


def _moment(us: int, zone: tzinfo) -> Text:
    local = as_datetime(us).astimezone(zone)
    year, month, day, hour, minute, zone_name = local.strftime("%Y %m %d %H %M %Z").split(" ")
    return Text(
        "{year}-{month}-{day} {hour}:{minute} {zone}",
        year=year,
        month=month,
        day=day,
        hour=hour,
        minute=minute,
        zone=zone_name,
    )


def _at(text: Text, us: int | None, zone: tzinfo) -> Text:
    if us is None:
        return Text("{text}: [[when]]", text=text)
    said = _moment(us, zone)
    return Text.shaped("{text}: {said}", text=text, said=said)


def _times(report: Nis2Act, facts: DraftFacts) -> list[Text]:
    happened = facts.view.happened
    lines = [
        _at(
            Text("Aware that the incident is significant"),
            happened.get(Nis2Act.AWARE),
            facts.zone,
        ),
    ]
    for due in facts.view.dues:
        if due.report is report:
            lines.append(_deadline(due, facts.zone))
        elif due.sent_us is not None:
            name = NAMES[due.report]
            lines.append(_at(Text("Sent: {name}", name=name), due.sent_us, facts.zone))
    if report is Nis2Act.FINAL:
        lines.append(_at(Text("Handled"), happened.get(Nis2Act.HANDLED), facts.zone))
    return lines


def _deadline(due: Due, zone: tzinfo) -> Text:
    if due.due_us is None:
        return Text("Deadline: a month after handling")
    return _at(Text("Deadline"), due.due_us, zone)


def _suspected(facts: DraftFacts) -> list[Text]:
    judged = facts.case.state in _JUDGED
    malicious = (
        Text("Yes: confirmed by the sector's analysis centre.")
        if judged
        else Text("Under investigation, not confirmed.")
    )
    crosses = _CROSSES[facts.view.flags.cross_border]
    return [
        Text("Suspected of unlawful or malicious acts: {malicious}", malicious=malicious),
        Text("May have cross-border impact: {crosses}", crosses=crosses),
    ]


def _what(facts: DraftFacts) -> list[Text]:
    lead = facts.case.facts
    first = _moment(lead.first_hour * HOUR_US if facts.first_us is None else facts.first_us, facts.zone)
    return [
        Text("## What happened"),
        Text.counted(
            "- The sign at {count:,} organisation of the sector, first seen in the hour of {first};"
            " technique {technique} (MITRE ATT&CK).",
            "- The same sign at {count:,} organisations of the sector, first seen in the hour of {first};"
            " technique {technique} (MITRE ATT&CK).",
            lead.actors,
            first=first,
            technique=lead.technique,
        ),
        Text("- At us: [[systems, accounts, how it was found]]"),
    ]


def _impact(facts: DraftFacts) -> list[Text]:
    known, touched = _functions(facts.functions), _functions(facts.view.flags.touched)
    return [
        Text("## Severity and impact"),
        Text("- Critical functions that we deliver: {functions}", functions=known or Text("[[which]]")),
        Text("- Of these, touched by the incident: {functions}", functions=touched or Text("[[which, or none]]")),
        *(
            [
                Text(
                    "- Suppliers that we depend on: {suppliers}; involved: [[which, or none]]",
                    suppliers=", ".join(facts.suppliers),
                )
            ]
            if facts.suppliers
            else []
        ),
        Text("- Disturbed, and for how long: [[services, patients or citizens affected, duration]]"),
    ]


def _functions(names: Sequence[str]) -> Text | None:
    """In words; a name that is none of FUNCTIONS as it is. None for no name."""
    words = [FUNCTIONS[name].words if name in FUNCTIONS else Text.plain(name) for name in names]
    return Text.joined(", ", words) if words else None


def _indicators(facts: DraftFacts) -> list[Text]:
    named = facts.released or tuple(str(element.observable) for element in facts.case.facts.elements)
    return [
        Text("## Indicators of compromise"),
        *(Text.plain(f"- {one}") for one in named),
    ]


def _measures(facts: DraftFacts) -> list[Text]:
    lines = [Text("## Measures taken and going on")]
    for observable, at_us in facts.blocked:
        moment_words = _moment(at_us, facts.zone)
        lines.append(Text("- {observable} blocked at us since {said}", observable=observable, said=moment_words))
    for text, at_us in facts.done:
        moment_words = _moment(at_us, facts.zone)
        lines.append(Text("- {text} (done {said})", text=text, said=moment_words))
    lines.append(Text("- Further: [[what we did, what goes on]]"))
    return lines


def _cause() -> list[Text]:
    return [
        Text("## Threat or root cause"),
        Text("- [[what probably triggered the incident]]"),
    ]
