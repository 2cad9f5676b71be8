"""A room of cases over one database, and leads to fill it with."""

from bavn.centre.cases.case.case import ElementFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Files
from bavn.centre.cases.case.rows import standing
from bavn.centre.cases.case.work import Work
from bavn.centre.store.engine import open_engine
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.received import CaseAnswer
from bavn.rehearsal.clock import SimClock
from tests.builders import lead_facts

NOW_US = 20_000 * DAY_US
NAMES = [Observable.of("domain", f"evil-{n}.example.com") for n in range(6)]


def lead(number=1, elements=(0, 1), score=9.0, groups=3):
    facts = (ElementFacts(NAMES[n], score, groups, False) for n in elements)
    return lead_facts(*facts, lead_id=f"lead-{number:016x}", score=score)


class Room:
    """All that works on cases, over one database."""

    def __init__(self, engine=None):
        self.engine, self.clock = engine or open_engine("sqlite://"), SimClock(NOW_US)
        self.cases, self.files = Cases(self.engine, self.clock), Files(self.engine, self.clock)
        self.work = Work(self.engine, self.clock)

    def standing(self, case_id):
        with self.engine.connect() as connection:
            return standing(connection, case_id)

    def named(self, case_id):
        return {element.observable for element in self.cases.case(case_id).facts.elements}

    def answer(self, task, act, serial=1, words=""):
        return CaseAnswer(
            item_id=f"{serial:064x}",
            actor=task.actor,
            case_id=task.case_id,
            serial=serial,
            task_id=task.id,
            act=act.value,
            words=words,
            received_us=self.clock.now_us(),
        )
