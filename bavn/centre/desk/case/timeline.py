"""Everything that happened in a case in one order: what people did, what actors said, what left, what was met.

Made from the audit log and what members of the house have kept; each line in Danish and English. Cases that were merged
into it are in it. Refuses to keep anything of its own.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bavn.centre.cases.audit import AuditLine
from bavn.centre.cases.case.case import Case
from bavn.centre.share.deliveries import AtActor, Kept
from bavn.model.intel import rsit
from bavn.model.intel.indicator import Pap
from bavn.model.moment import HOUR_US
from bavn.model.received import Observed
from bavn.model.sector.case import CASE_WORDS, CaseState
from bavn.model.sector.nis2 import NAMES, Nis2Act
from bavn.model.sector.work import TASK_WORDS, TaskState
from bavn.model.text import Number, Text

TEXT_SHOWN_MAX: Final = 400
CENTRE_WORD: Final = "centre"
_MET: Final = {
    "retro": Text("found in own history, in this hour first: {name}"),
    "seen": Text("met since it was released, in this hour first: {name}"),
    "blocked": Text("met and stopped, in this hour first: {name}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing. ``who``: a person, ``actor:NAME``, ``policy:ID`` or ``centre``; ``case_id`` where it happened."""

    at_us: int
    who: str
    what: str
    case_id: str
    text: Text


def timeline(
    case: Case,
    lines: Iterable[AuditLine],
    indicators: Iterable[tuple[Kept, tuple[AtActor, ...], tuple[Observed, ...]]],
    first_us: int | None,
) -> tuple[Moment, ...]:
    """In order of time; what happened at one moment in the order of the audit log. ``first_us``: the first sighting
    (bavn.centre.books.first_sighting)."""
    events = [*_clocks(case, first_us), *(_of_line(line) for line in lines)]
    for kept, actors, seen in indicators:
        events += _of_indicator(kept, actors)
        events += [_of_sighting(kept, one) for one in seen]
    return tuple(sorted(events, key=lambda moment: moment.at_us))


def _clocks(case: Case, first_us: int | None) -> list[Moment]:
    clocks = case.clocks
    words = (
        (
            "first-sighting",
            first_us,
            Text("first met at an actor, in this hour"),
        ),
        ("first-report", clocks.first_report_us, Text("the first report came")),
        ("lead", clocks.lead_us, Text("a lead")),
    )
    return [
        Moment(at_us=at_us, who=CENTRE_WORD, what=what, case_id=case.id, text=text)
        for what, at_us, text in words
        if at_us is not None
    ]


def _of_line(line: AuditLine) -> Moment:
    detail = json.loads(line.detail)
    make = _LINES.get(line.act)
    try:
        text = make(detail) if make else _plain(line.act, detail)
    except (KeyError, ValueError):  # a line of an older version: shown as it stands
        text = _plain(line.act, detail)
    return Moment(at_us=line.at_us, who=line.who, what=line.act, case_id=line.subject, text=text)


def _of_indicator(kept: Kept, actors: Iterable[AtActor]) -> list[Moment]:
    indicator = kept.indicator
    name = str(indicator.observable)
    events = [
        (
            kept.released_us,
            CENTRE_WORD,
            "indicator-released",
            Text("indicator released: {name}", name=name),
        ),
    ]
    if kept.withdrawn_us is not None:
        events.append(
            (
                kept.withdrawn_us,
                CENTRE_WORD,
                "indicator-withdrawn",
                Text("indicator withdrawn: {name}", name=name),
            )
        )
    for there in actors:
        if there.enforced_us is not None:
            events.append((there.enforced_us, f"actor:{there.actor}", "enforced", Text("in force: {name}", name=name)))
        elif there.state and there.state_us is not None:
            said = f"{there.state} {there.rule}: {name}"
            events.append((there.state_us, f"actor:{there.actor}", there.state, Text.plain(said)))
    return [
        Moment(at_us=at_us, who=who, what=what, case_id=indicator.case_id, text=text)
        for at_us, who, what, text in events
    ]


def _of_sighting(kept: Kept, seen: Observed) -> Moment:
    name = str(kept.indicator.observable)
    at_us = seen.received_us if seen.first_hour is None else seen.first_hour * HOUR_US
    text = Text("not met: {name}", name=name) if seen.first_hour is None else _MET[seen.kind].filled(name=name)
    return Moment(at_us=at_us, who=f"actor:{seen.actor}", what="sighting", case_id=kept.indicator.case_id, text=text)


def _plain(act: str, detail: Mapping[str, Any]) -> Text:
    said = f"{act}: {_short(json.dumps(detail, ensure_ascii=False, sort_keys=True))}"
    return Text.plain(said)


def _short(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN_MAX else text[: TEXT_SHOWN_MAX - 1] + "…"


def _why(detail: Mapping[str, Any]) -> str:
    why = str(detail.get("why", ""))
    return f": {_short(why)}" if why else ""


def _state(detail: Mapping[str, Any]) -> Text:
    before, after = CASE_WORDS[CaseState(detail["from"])], CASE_WORDS[CaseState(detail["to"])]
    return Text.shaped("{before} -> {after}{why}", before=before, after=after, why=_why(detail))


def _task(detail: Mapping[str, Any]) -> Text:
    after = TASK_WORDS[TaskState(detail["to"])]
    place = f"{detail['actor']}, {detail['task'][:8]}"
    return Text("task of {place}: {after}{why}", place=place, after=after, why=_why(detail))


def _given(text: Text) -> Callable[[Mapping[str, Any]], Text]:
    def make(detail: Mapping[str, Any]) -> Text:
        hours = "/".join(str(one) for one in detail["hours"])
        return Text(
            "{text} to {actor} ({hours} h): {task}",
            text=text,
            actor=detail["actor"],
            hours=hours,
            task=_short(detail["text"]),
        )

    return make


def _filled(text: Text) -> Callable[[Mapping[str, Any]], Text]:
    def make(detail: Mapping[str, Any]) -> Text:
        said = {name: _short(str(value)) for name, value in detail.items()}
        return Text.shaped("{text}{why}", text=text.filled(**said), why=_why(detail))

    return make


def _involved(detail: Mapping[str, Any]) -> Text:
    """Who came into the case: by what it reported, or because it met an indicator of it."""
    for key, words in (("reported", Text.in_context("centre desk timeline", "reported")), ("met", Text("met"))):
        if key in detail:
            named = _short(", ".join(f"{element} ({actor})" for actor, element in detail[key]))
            return Text.shaped("{words}: {named}", words=words, named=named)
    return _plain("involved", detail)


def _marked(detail: Mapping[str, Any]) -> Text:
    to = detail["to"]
    marks = [str(to["tlp"]), f"PAP:{Pap(to['pap']).name}", *json.loads(to["techniques"])]
    named = Text("marked {marks}", marks=", ".join(marks))
    if to["rsit"]:
        named = Text.shaped("{named}, {rsit}", named=named, rsit=rsit.words(to["rsit"]))
    return Text.shaped("{named}{why}", named=named, why=_why(detail))


def _opened(detail: Mapping[str, Any]) -> Text:
    if "split_from" in detail:
        return Text("opened, split off {detail}", detail=detail["split_from"])
    return Text("opened, score {score}", score=Number(detail["score"], ".1f"))


def _nis2(act: Nis2Act) -> Callable[[Mapping[str, Any]], Text]:
    def make(detail: Mapping[str, Any]) -> Text:
        name = NAMES[act]
        return Text("NIS2 at {detail}: {name}{why}", detail=detail["actor"], name=name, why=_why(detail))

    return make


_LINES: Final[dict[str, Callable[[Mapping[str, Any]], Text]]] = {
    **dict.fromkeys(("take", "confirm", "release", "withdraw", "close", "dismiss", "reopen"), _state),
    **dict.fromkeys(
        ("task-acknowledge", "task-applies", "task-not-applicable", "task-done", "task-cancel", "task-reopen"), _task
    ),
    **{f"nis2-{act.value}": _nis2(act) for act in Nis2Act},
    "task-given": _given(Text("task")),
    "question-given": _given(Text("question")),
    "comment": _filled(Text("comment: {text}")),
    "say": _filled(Text("told {to}: {text}")),
    "words": _filled(Text("says: {text}")),
    "hand-over": _filled(Text("handed over from {from} to {to}")),
    "join": lambda _: Text("is on the case"),
    "leave": lambda _: Text("is not on the case any more"),
    "note": _filled(Text("note for the next one: {text}")),
    "merge": _filled(Text("merged into {into}")),
    "merged-in": _filled(Text("took in {case}")),
    "split-off": _filled(Text("split off {observables}")),
    "involve": _filled(Text("added {actor}")),
    "involved": _involved,
    "open": _opened,
    "no-longer-reports": _filled(Text("{actor} took back {element}")),
    "mark": _marked,
    "evidence": _filled(Text("evidence attached, {bytes} bytes: {words}")),
    "evidence-taken-out": _filled(Text("evidence of {actor} taken out")),
    "evidence-forgotten": _filled(Text("evidence deleted: {sha256}")),
    "reminded": _filled(Text("reminded {recipient} by {way}: {about}")),
    "reminder-failed": _filled(Text("a reminder to {recipient} failed: {reason}")),
    "not-told": _filled(Text("{actor} was not told ({what}): rule {rule}")),
    "answer-too-late": _filled(Text("an answer that no longer fits ({act})")),
    "refused-by-gate": lambda detail: _plain("refused-by-gate", detail),
    "report-withdrawn": _filled(Text("{actor} took its report on {element} back")),
}
