"""A process that works on a centre's database until it is killed: two threads that act on cases and write the audit
log. Prints what was acknowledged, a line each."""

import sys
import threading

from bavn.app.process.real import SystemClock
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.store.engine import open_engine
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.model.sector.case import CaseAct

engine = open_engine(sys.argv[1])
cases = Cases(engine, SystemClock())


def work(name: str) -> None:
    element = ElementFacts(
        observable=Observable.of("domain", f"{name}.example.org"), score=9.0, groups=3, listed=False, threshold=2
    )
    number = int(sys.argv[2])
    while True:
        number += 1
        lead_id = f"lead-{name}-{number}"
        facts = LeadFacts(
            lead_id=lead_id,
            score=9.0,
            elements=(element,),
            technique="T1071.001",
            actors=3,
            first_hour=1,
            first_report_us=1,
            lead_us=2,
        )
        made = cases.open(facts)
        cases.act(made.id, CaseAct.CONFIRM, name, "because")
        sys.stdout.write(f"{made.id}\n")  # at once: print gives the line and its end apart, and two threads write
        sys.stdout.flush()


threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in (account("anna"), account("bo"))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
