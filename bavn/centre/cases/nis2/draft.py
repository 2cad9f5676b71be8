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
from bavn.model.text import Text

GAP_OPENS: Final = "[["
_JUDGED: Final = (CaseState.CONFIRMED, CaseState.RELEASED, CaseState.CLOSED)
_CROSSES: Final[Mapping[CrossBorder, Text]] = {
    "yes": Text("Yes.", "Ja."),
    "no": Text("No.", "Nej."),
    "unknown": Text("[[yes, no, or how it is looked into]]", "[[ja, nej, eller hvordan det undersøges]]"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFacts:
    """``functions``: critical functions that the actor delivers; ``suppliers``: whom it depends on. ``blocked``:
    (observable, when) of the case's indicators that are in force at this actor; ``released``: observables that were
    released to the sector; ``done``: (text, when) of the case's tasks that this actor has done."""

    case: Case
    view: Nis2View
    zone: tzinfo
    functions: tuple[str, ...] = ()
    suppliers: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    blocked: tuple[tuple[str, int], ...] = ()
    done: tuple[tuple[str, int], ...] = ()


def draft(report: Nis2Act, facts: DraftFacts) -> tuple[Text, ...]:
    """The lines of a draft, Markdown. ValueError for what is no report."""
    if report not in REPORTS:
        raise ValueError(f"{report.value} is no report; there are {', '.join(one.value for one in REPORTS)}")
    name = NAMES[report]
    lines = [
        Text(f"# Draft: {name.en}, NIS2 article 23(4)", f"# Udkast: {name.da}, NIS2 artikel 23, stk. 4"),
        Text(f"Entity: {facts.view.actor}", f"Enhed: {facts.view.actor}"),
        Text(f"Case: {facts.case.id}", f"Sag: {facts.case.id}"),
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
    return Text(f"{local:%Y-%m-%d %H:%M %Z}", f"{local:%d.%m.%Y kl. %H.%M %Z}")


def _at(en: str, da: str, us: int | None, zone: tzinfo) -> Text:
    if us is None:
        return Text(f"{en}: [[when]]", f"{da}: [[hvornår]]")
    said = _moment(us, zone)
    return Text(f"{en}: {said.en}", f"{da}: {said.da}")


def _times(report: Nis2Act, facts: DraftFacts) -> list[Text]:
    happened = facts.view.happened
    lines = [
        _at(
            "Aware that the incident is significant",
            "Bekendt med, at hændelsen er væsentlig",
            happened.get(Nis2Act.AWARE),
            facts.zone,
        ),
    ]
    for due in facts.view.dues:
        if due.report is report:
            lines.append(_deadline(due, facts.zone))
        elif due.sent_us is not None:
            name = NAMES[due.report]
            lines.append(_at(f"Sent: {name.en}", f"Sendt: {name.da}", due.sent_us, facts.zone))
    if report is Nis2Act.FINAL:
        lines.append(_at("Handled", "Håndteret", happened.get(Nis2Act.HANDLED), facts.zone))
    return lines


def _deadline(due: Due, zone: tzinfo) -> Text:
    if due.due_us is None:
        return Text("Deadline: a month after handling", "Frist: en måned efter håndteringen")
    return _at("Deadline", "Frist", due.due_us, zone)


def _suspected(facts: DraftFacts) -> list[Text]:
    judged = facts.case.state in _JUDGED
    malicious = (
        Text("Yes: confirmed by the sector's analysis centre.", "Ja: bekræftet af sektorens analysecenter.")
        if judged
        else Text("Under investigation, not confirmed.", "Undersøges, ikke bekræftet.")
    )
    crosses = _CROSSES[facts.view.flags.cross_border]
    return [
        Text(
            f"Suspected of unlawful or malicious acts: {malicious.en}",
            f"Mistanke om ulovlige eller ondsindede handlinger: {malicious.da}",
        ),
        Text(f"May have cross-border impact: {crosses.en}", f"Kan have grænseoverskridende virkning: {crosses.da}"),
    ]


def _what(facts: DraftFacts) -> list[Text]:
    lead = facts.case.facts
    first = _moment(lead.first_hour * HOUR_US, facts.zone)
    return [
        Text("## What happened", "## Hvad der er sket"),
        Text(
            f"- The same sign at {lead.actors} organisations of the sector, first seen in the hour of {first.en}; "
            f"technique {lead.technique} (MITRE ATT&CK).",
            f"- Samme tegn hos {lead.actors} af sektorens organisationer, første gang i timen {first.da}; "
            f"teknik {lead.technique} (MITRE ATT&CK).",
        ),
        Text(
            "- At us: [[systems, accounts, how it was found]]", "- Hos os: [[systemer, konti, hvordan det blev fundet]]"
        ),
    ]


def _impact(facts: DraftFacts) -> list[Text]:
    known, touched = _functions(facts.functions), _functions(facts.view.flags.touched)
    return [
        Text("## Severity and impact", "## Alvor og konsekvens"),
        Text(
            f"- Critical functions that we deliver: {known[0] or '[[which]]'}",
            f"- Kritiske funktioner, vi leverer: {known[1] or '[[hvilke]]'}",
        ),
        Text(
            f"- Of these, touched by the incident: {touched[0] or '[[which, or none]]'}",
            f"- Heraf berørt af hændelsen: {touched[1] or '[[hvilke, eller ingen]]'}",
        ),
        *(
            [
                Text(
                    f"- Suppliers that we depend on: {', '.join(facts.suppliers)}; involved: [[which, or none]]",
                    f"- Leverandører, vi afhænger af: {', '.join(facts.suppliers)}; involveret: [[hvilke, eller"
                    " ingen]]",
                )
            ]
            if facts.suppliers
            else []
        ),
        Text(
            "- Disturbed, and for how long: [[services, patients or citizens affected, duration]]",
            "- Forstyrret, og hvor længe: [[tjenester, berørte patienter eller borgere, varighed]]",
        ),
    ]


def _functions(names: Sequence[str]) -> tuple[str, str]:
    """In words, English and Danish; a name that is none of FUNCTIONS as it is."""
    words = [FUNCTIONS[name].words if name in FUNCTIONS else Text(name, name) for name in names]
    return ", ".join(one.en for one in words), ", ".join(one.da for one in words)


def _indicators(facts: DraftFacts) -> list[Text]:
    named = facts.released or tuple(str(element.observable) for element in facts.case.facts.elements)
    return [
        Text("## Indicators of compromise", "## Kompromitteringsindikatorer"),
        *(Text(f"- {one}", f"- {one}") for one in named),
    ]


def _measures(facts: DraftFacts) -> list[Text]:
    lines = [Text("## Measures taken and going on", "## Trufne og igangværende foranstaltninger")]
    for observable, at_us in facts.blocked:
        said = _moment(at_us, facts.zone)
        lines.append(
            Text(f"- {observable} blocked at us since {said.en}", f"- {observable} spærret hos os siden {said.da}")
        )
    for text, at_us in facts.done:
        said = _moment(at_us, facts.zone)
        lines.append(Text(f"- {text} (done {said.en})", f"- {text} (udført {said.da})"))
    lines.append(
        Text("- Further: [[what we did, what goes on]]", "- Desuden: [[hvad vi har gjort, hvad der er i gang]]")
    )
    return lines


def _cause() -> list[Text]:
    return [
        Text("## Threat or root cause", "## Trussel eller grundlæggende årsag"),
        Text("- [[what probably triggered the incident]]", "- [[hvad der sandsynligvis udløste hændelsen]]"),
    ]
