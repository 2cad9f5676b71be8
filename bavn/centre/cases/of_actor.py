"""Of an actor that leaves, this room deletes its part in cases, questions, warnings and NIS2 clocks."""

from typing import Final

from bavn.centre.cases import questions, sector_switch, tables
from bavn.centre.cases.case import work_tables
from bavn.centre.cases.intelligence import tables as intel_tables
from bavn.centre.cases.warnings import tables as warning_tables
from bavn.centre.store.of_actor import OfActor

DELETED: Final = (
    OfActor("its place in cases", work_tables.INVOLVED),
    OfActor("tasks and questions to it", work_tables.TASK),
    OfActor("words in cases", work_tables.WORDS),
    OfActor("evidence that it attached (S5)", work_tables.EVIDENCE),
    OfActor("what it was told of cases", work_tables.TOLD),
    OfActor("its NIS2 clocks", tables.NIS2),
    OfActor("its NIS2 flags", tables.NIS2_FLAGS),
    OfActor("functions that its incidents touched", work_tables.NIS2_FUNCTION),
    OfActor("questions that it was asked", questions.TO),
    OfActor("its answers to questions (S2)", questions.ANSWER),
    OfActor("matches of partners' indicators", intel_tables.HIT),
    OfActor("turns of the kill switch that it was told of", sector_switch.TOLD),
    OfActor("its answers to warnings (S5)", warning_tables.ANSWER),
    OfActor("warnings that it was sent", warning_tables.WARNED),
    OfActor("mails of warnings to it", warning_tables.MAILED),
)
