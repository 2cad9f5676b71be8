"""A case's report as it stands: what it is about, NIS2's clocks, who was asked what, decisions, what is in force.

Each sentence and row carries its source. Refuses to be for anybody outside the centre: it names actors.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Final

from bavn.centre.desk.case.room import ActorRole, Decision, InForce, Room
from bavn.centre.publish.document import (
    ROWS_MAX,
    TEXT_CHARS_MAX,
    Document,
    Drawn,
    Figure,
    Kind,
    Row,
    Section,
    Sentence,
    Source,
    SourceKind,
)
from bavn.model.counted import actors
from bavn.model.moment import DAY_US, as_datetime, iso
from bavn.model.sector.case import CASE_WORDS
from bavn.model.sector.indicator_life import LIFE_WORDS
from bavn.model.sector.nis2 import DUE_WORDS, NAMES
from bavn.model.sector.work import TASK_WORDS, Task
from bavn.model.text import Text

_NONE: Final = Text.plain("-")
_KINDS: Final = {"task": Text("task"), "question": Text("question")}
_MOMENTS: Final = (
    ("first_us", Text("First seen at an actor, in this hour")),
    ("first_report_us", Text("First report")),
    ("lead_us", Text("A lead")),
    ("confirmed_us", Text("Confirmed")),
    ("released_us", Text("Released")),
    ("last_block_us", Text("Last put into force")),
)


def report(room: Room, sector: str, zone: tzinfo, by: str) -> Document:
    """The report as it stands now; times are in this zone. ``by``: who asked for it."""
    return _Report(room, zone).document(sector, by)


class _Report:
    def __init__(self, room: Room, zone: tzinfo) -> None:
        self._room = room
        self._zone = zone
        self._id = room.case.id
        self._case = (Source(SourceKind.CASE, self._id),)

    def document(self, sector: str, by: str) -> Document:
        room = self._room
        begun_us = min(room.case.opened_us, room.now_us)
        return Document(
            kind=Kind.PICTURE,  # a page does not show it, and a case is no edition
            sector=sector,
            period=iso(begun_us)[:10],
            first_day=begun_us // DAY_US,
            last_day=room.now_us // DAY_US,
            made_us=room.now_us,
            tlp=room.marking.tlp,
            title=Text("Report of {case}", case=self._id),
            sections=(
                self._in_short(by),
                self._clocks(),
                self._questions(),
                self._decisions(),
                self._indicators(),
                self._people(),
                self._notes(),
            ),
        )

    # --- sections ----------------------------------------------------------------------------------------------

    def _in_short(self, by: str) -> Section:
        room = self._room
        case = room.case
        state, names = CASE_WORDS[case.state], ", ".join(str(element.observable) for element in case.facts.elements)
        reported, met = (sum(1 for role in room.actors if is_so(role)) for is_so in (_reported, _met))
        sentences = [
            Text("It is about {names}. The case is {state}.", names=_cut(names, 1500), state=state),
            Text("{owner} owns it.", owner=case.owner) if case.owner else Text("Nobody owns it."),
            Text(
                "In it: {actors}. {reported} reported it, and {met} met what was released.",
                actors=actors(len(room.actors)),
                reported=reported,
                met=met,
            ),
            Text(
                "Waiting for an answer from an actor: {waiting}. Answered or taken back: {answered}.",
                waiting=len(room.waiting),
                answered=len(room.answered),
            ),
            Text(
                "This report names actors. It is the analysis centre's own: it goes to no actor and no partner as it"
                " stands. {by} asked for it.",
                by=by or "-",
            ),
        ]
        moments = {"first_us": room.first_us} | {
            name: getattr(case.clocks, name) for name, _ in _MOMENTS if name != "first_us"
        }
        times = self._figure(
            "moments",
            Text("What happened when"),
            Text("Times are those of {zone}.", zone=str(self._zone)),
            (Text("What"), Text("When")),
            [self._row(words, (self._time(moments[name]),), self._case) for name, words in _MOMENTS],
            self._case,
        )
        return Section(
            id="in-short", title=Text("In short"), blocks=(*(Sentence(text, self._case) for text in sentences), times)
        )

    def _clocks(self) -> Section:
        source = self._case
        rows = [
            self._row(
                Text.plain(view.actor),
                (NAMES[due.report], self._time(due.due_us), self._time(due.sent_us), DUE_WORDS[due.state]),
                source,
            )
            for view in self._room.clocks
            for due in view.dues
        ]
        sentence = (
            Text("Early warning within 24 hours, notification within 72, final report within a month.")
            if rows
            else Text("No actor has noted that the incident is significant there: no deadline runs.")
        )
        columns = (Text("Actor"), Text("Report"), Text("Due"), Text("Sent"), Text("State"))
        return self._section("clocks", Text("NIS2's clocks"), sentence, columns, rows, source)

    def _questions(self) -> Section:
        source = self._case
        tasks = [self._task(task, source) for task in (*self._room.waiting, *self._room.answered)]
        sentence = Text("What waits for an answer stands first.") if tasks else Text("Nobody was asked anything.")
        columns = (Text("Actor"), Text("Asked on"), Text("What"), Text("State"), Text("Answer"))
        questions = self._figure("asked-table", Text("Questions and tasks"), sentence, columns, tasks, source)
        words = [
            self._row(
                _written(word.who),
                (self._time(word.at_us), _written(word.actor if not word.by_actor else ""), _written(word.text)),
                self._case,
            )
            for word in self._room.words
        ]
        spoken = self._figure(
            "words-table",
            Text("Messages"),
            Text("Where nobody stands under To, it was for all in the case, or came from an actor.")
            if words
            else Text("None."),
            (Text("Who"), Text("When"), Text("To"), Text("What")),
            words,
            self._case,
        )
        return Section(id="asked", title=Text("Asked and answered"), blocks=(questions, spoken))

    def _task(self, task: Task, source: tuple[Source, ...]) -> Row:
        what = Text.shaped("{kind}: {text}", kind=_KINDS[task.kind], text=_written(task.text, TEXT_CHARS_MAX - 20))
        return self._row(
            Text.plain(task.actor),
            (self._time(task.given_us), what, TASK_WORDS[task.state], _written(task.answer)),
            source,
        )

    def _decisions(self) -> Section:
        rows = [self._decision(decision) for decision in reversed(self._room.decisions)]
        sentence = Text("In the order in which they were made.") if rows else Text("Nothing has been decided yet.")
        columns = (Text("Decision"), Text("When"), Text("By"), Text("With"), Text("Why"))
        return self._section("decisions", Text("Decisions"), sentence, columns, rows, self._case)

    def _decision(self, decision: Decision) -> Row:
        label, about = decision.what, decision.about
        if about:
            label = Text.shaped("{said}: {about}", said=label, about=about)
        people = (_written(decision.who), _written(", ".join(decision.beside)))
        cells = (self._time(decision.at_us), *people, _written(decision.why))
        return self._row(label, cells, (*self._case, Source(SourceKind.PERSON, decision.who)))

    def _indicators(self) -> Section:
        rows = [self._indicator(indicator) for indicator in self._room.indicators]
        sentence = Text("At which actors each is in force.") if rows else Text("Nothing was released.")
        columns = (Text("Indicator"), Text("State"), Text("In force at"), Text("Not yet at"), Text("Seen at"))
        return self._section("indicators", Text("What is in force"), sentence, columns, rows, self._case)

    def _indicator(self, indicator: InForce) -> Row:
        life, not_yet = indicator.life, (*indicator.missing, *indicator.hunted)
        cells = tuple(_written(", ".join(names)) for names in (indicator.enforced, not_yet, indicator.met))
        source = (Source(SourceKind.QUERY, f"bavn centre indicator show {life.id}"),)
        return self._row(Text.plain(str(life.observable)), (LIFE_WORDS[life.state], *cells), source)

    def _people(self) -> Section:
        source = self._case
        there = self._figure(
            "actors-table",
            Text("Actors"),
            Text("How each came to be in the case."),
            (Text("Actor"), Text("Role")),
            [self._row(Text.plain(role.actor), (self._role(role),), source) for role in self._room.actors],
            source,
        )
        people = self._figure(
            "people-table",
            Text("People at the centre"),
            Text("Who is on the case now.") if self._room.people else Text("Nobody is on the case now."),
            (Text("Who"), Text("Since")),
            [
                self._row(_written(person.name), (self._time(person.since_us),), self._case)
                for person in self._room.people
            ],
            self._case,
        )
        return Section(id="people", title=Text("Who is on it"), blocks=(there, people))

    def _notes(self) -> Section:
        rows = [
            self._row(_written(note.who), (self._time(note.at_us), _written(note.to), _written(note.text)), self._case)
            for note in self._room.notes
        ]
        sentence = Text("The newest first.") if rows else Text("Nobody has written one.")
        columns = (Text("Who"), Text("When"), Text("To"), Text("What"))
        return self._section("notes", Text("Notes for the next one"), sentence, columns, rows, self._case)

    # --- inside ------------------------------------------------------------------------------------------------

    def _section(
        self,
        name: str,
        title: Text,
        sentence: Text,
        columns: tuple[Text, ...],
        rows: Sequence[Row],
        sources: tuple[Source, ...],
    ) -> Section:
        figure = self._figure(f"{name}-table", title, sentence, columns, rows, sources)
        return Section(id=name, title=title, blocks=(figure,))

    def _figure(
        self,
        name: str,
        title: Text,
        sentence: Text,
        columns: tuple[Text, ...],
        rows: Sequence[Row],
        sources: tuple[Source, ...],
    ) -> Figure:
        if len(rows) > ROWS_MAX:
            sentence = Text("{said} Only {shown} of {all} are shown.", said=sentence, shown=ROWS_MAX, all=len(rows))
        return Figure(
            id=name,
            title=title,
            said=Sentence(sentence, sources),
            drawn=Drawn.TABLE,
            columns=columns,
            rows=tuple(rows[:ROWS_MAX]),
        )

    def _row(self, label: Text, cells: Iterable[Text], sources: tuple[Source, ...]) -> Row:
        return Row(label=label, cells=tuple(cells), values=(), sources=sources)

    def _role(self, role: ActorRole) -> Text:
        roles = [Text("reported it")] if role.reported else []
        if role.met_us is not None:
            met = Text("met it before the release, first {when}") if role.met_before else Text("met it, first {when}")
            roles.append(met.filled(when=self._time(role.met_us)))
        if role.by_hand:
            roles.append(Text("added by hand"))
        return Text.joined("; ", roles) if roles else _NONE

    def _time(self, at_us: int | None) -> Text:
        return _NONE if at_us is None else Text.plain(f"{as_datetime(at_us).astimezone(self._zone):%Y-%m-%d %H:%M}")


def _reported(role: ActorRole) -> bool:
    return role.reported


def _met(role: ActorRole) -> bool:
    return role.met_us is not None


def _written(text: str, chars_max: int = TEXT_CHARS_MAX) -> Text:
    """What people wrote, as a document takes it."""
    plain = "".join(char if char.isprintable() or char == "\n" else " " for char in text).strip()
    return Text.plain(_cut(plain, chars_max)) if plain else _NONE


def _cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"
