"""What a quarterly forecast and a monthly brief cost: gathered, built and drawn from a centre's own database.

Run: .venv/bin/python bench/publish.py [--actors N] [--cases N] [--indicators N] [--proposals N]
Made: a quarter of data in SQLite on this disk, N actors that tell counts every day, each indicator delivered to all.
"""

import argparse
import datetime as dt
import json
import random
import resource
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert

from bavn.app.centre.publish_parts import rendered
from bavn.app.reports.page import DocumentStatus
from bavn.centre.books import tables as t
from bavn.centre.cases.case.case import ElementFacts, LeadFacts
from bavn.centre.cases.case.cases import Cases
from bavn.centre.cases.case.files import Marking
from bavn.centre.cases.intelligence.tables import CLAIM, HIT, make_intel_tables
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.publishing import Publishing, PublishTerms
from bavn.centre.members.registry import Registry
from bavn.centre.members.tables import ACTOR
from bavn.centre.publish.document import Kind
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.tables import DELIVERY, INDICATOR, OBSERVED, RECEIPT
from bavn.centre.store import schema
from bavn.centre.store.engine import open_engine, writing
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US, as_us
from bavn.model.observable import Observable
from bavn.model.sector.case import CaseAct
from bavn.model.sector.intel import Source
from bavn.model.sector.tally import BLOCKED, TECHNIQUES
from bavn.rehearsal.clock import SimClock

NOW_US = as_us(dt.datetime(2026, 10, 2, 8, tzinfo=dt.UTC))
DAYS = 95
KINDS = ("region", "municipality", "supplier", "agency", "clinic")
CODES = ("malicious-code/c2-server", "fraud/phishing", "availability/ddos", "intrusions/system-compromise", "")
GROUNDS = json.dumps(asdict(Grounds(score=9.0, groups=3, listed=(), approved_by="Bo Lund")))


def fill(engine, clock, registry, given):
    """A quarter, and some days more."""
    dice = random.Random(1)
    names = [f"actor-{at:03}" for at in range(given.actors)]
    for at, name in enumerate(names):
        registry.add(name, KINDS[at % 5], "")
    desk = Desk(engine, clock, registry)
    make_intel_tables(engine)
    publishing = Publishing(desk, clock, PublishTerms(sector="sector"))
    cases = case_ids(engine, clock, desk, dice, given)
    with writing(engine) as tx:
        tx.execute(ACTOR.update().values(state="active"))
        counts(tx, names, dice)
        for at in range(given.indicators):
            indicator(tx, at, cases[at % len(cases)], names, dice)
        heard = json.dumps(
            {
                "item_id": "",
                "version": "0",
                "sensor": "ok",
                "capture_loss_permille": 0,
                "clock_skew_s": 0,
                "queue_messages": 0,
                "last_round": None,
                "received_us": NOW_US,
                "forms": None,
            }
        )
        tx.execute(
            insert(t.HEALTH),
            [
                {"actor": name, "received_us": NOW_US, "body": json.dumps(json.loads(heard) | {"actor": name})}
                for name in names
            ],
        )
        tx.execute(
            insert(CLAIM),
            [
                {
                    "source": "feed",
                    "item": str(at),
                    "type": "domain",
                    "value": f"p{at}.example.com",
                    "body": "{}",
                    "first_us": NOW_US - dice.randrange(DAYS * DAY_US),
                    "last_us": NOW_US,
                    "until_us": NOW_US,
                    "end_us": None,
                    "gone_us": None,
                    "gone": "",
                }
                for at in range(given.proposals)
            ],
        )
        tx.execute(insert(HIT).values(type="domain", value="p1.example.com", actor=names[0], how="question", hour=1))
        body = {"lead": {"signs": [{"technique": "T1071.001"}] * 6, "actors": names[:4]}}
        tx.execute(
            insert(t.LEADS),
            [
                {
                    "id": f"lead-{at:016x}",
                    "first_us": NOW_US - dice.randrange(DAYS * DAY_US),
                    "alive": True,
                    "lead_rank": at + 1,
                    "body": json.dumps(body),
                }
                for at in range(5 * given.cases)
            ],
        )
    publishing._sources.add(Source(name="feed", kind="list", place="/list.txt", trust=10), "Anna Berg")
    return publishing


def case_ids(engine, clock, desk, dice, given):
    """Cases over the quarter, each confirmed, marked and commented on."""
    book, made = Cases(engine, clock), []
    for at in range(given.cases):
        element = ElementFacts(Observable.of("domain", f"e{at}.example.com"), 9.0, 3, listed=False)
        lead = LeadFacts(
            lead_id=f"case-lead-{at}",
            score=9.0,
            technique="T1071.001",
            actors=dice.randint(1, 9),
            first_hour=1,
            first_report_us=clock.now_us() - HOUR_US,
            lead_us=clock.now_us() - MINUTE_US,
            elements=(element,),
        )
        case = book.open(lead)
        book.act(case.id, CaseAct.CONFIRM, "Anna Berg", "because")
        techniques = tuple(dice.sample(["T1071.001", "T1566", "T1190", "T1110"], 2))
        desk.files.mark(case.id, "Anna Berg", Marking(tlp=Tlp.GREEN, rsit=dice.choice(CODES), techniques=techniques))
        desk.cases.comment(case.id, "Anna Berg", f"by CVE-2026-{1000 + at}")
        clock.advance(DAYS * DAY_US // (given.cases + 1))
        made.append(case.id)
    clock.until(NOW_US)
    return made


def counts(tx, names, dice):
    """Every actor tells every day."""
    last = NOW_US // DAY_US - 1
    for day in range(last - 100, last + 1):
        tx.execute(
            insert(t.COUNTS),
            [
                {
                    "actor": name,
                    "day": day,
                    "epsilon_milli": 1000,
                    "cell_max": 1000,
                    "body": json.dumps(
                        [[dice.randint(-3, 6) for _ in TECHNIQUES], [dice.randint(-3, 9) for _ in BLOCKED]]
                    ),
                }
                for name in names
            ],
        )


def indicator(tx, at, case_id, names, dice):
    """Released once, delivered to all, enforced at most, met by some."""
    out = NOW_US - dice.randrange(DAY_US, DAYS * DAY_US)
    wanted = f"indicator--{at:08x}"
    tx.execute(
        insert(INDICATOR).values(
            id=wanted,
            version=out,
            case_id=case_id,
            type="domain",
            value=f"i{at}.example.com",
            tlp="TLP:AMBER",
            pap=2,
            confidence=70,
            valid_from_us=out,
            valid_until_us=out + 30 * DAY_US,
            technique="T1071.001",
            created_us=out,
            released_us=out,
            withdrawn_us=None,
            live=at % 2 == 0,
            order_no=1,
            grounds=GROUNDS,
        )
    )
    tx.execute(
        insert(DELIVERY),
        [
            {
                "indicator_id": wanted,
                "version": out,
                "actor": name,
                "kind": "release",
                "status": "queued",
                "rule": "",
                "try_us": 0,
                "queued_us": out,
            }
            for name in names
        ],
    )
    tx.execute(
        insert(RECEIPT),
        [
            {
                "indicator_id": wanted,
                "actor": name,
                "version": out,
                "state": "enforced",
                "enforcers": "[]",
                "rule": "",
                "first_us": out + dice.randrange(60) * SECOND_US,
                "last_us": out,
            }
            for name in names
            if dice.random() < 0.9
        ],
    )
    tx.execute(
        insert(OBSERVED).values(
            indicator_id=wanted,
            actor=names[at % len(names)],
            kind="blocked",
            count_bucket=1,
            first_hour=1,
            last_hour=1,
            received_us=out,
        )
    )


def timed(work):
    """(what it gave, seconds on the wall, CPU seconds)."""
    wall, cpu = perf_counter(), process_time()
    made = work()
    return made, perf_counter() - wall, process_time() - cpu


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    for name, default in (("actors", 100), ("cases", 200), ("indicators", 2000), ("proposals", 100_000)):
        asked.add_argument(f"--{name}", type=int, default=default)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/centre.db")
        schema.upgrade(engine)
        clock = SimClock(NOW_US - DAYS * DAY_US)
        publishing = fill(engine, clock, Registry(engine, clock), given)
        rows = []
        for kind in (Kind.FORECAST, Kind.BRIEF):
            document, wall, cpu = timed(lambda kind=kind: publishing.built(kind))
            said = list(document.sourced())
            row = {
                "document": kind.value,
                "built_s": wall,
                "built_cpu_s": cpu,
                "said": len(said),
                "without_source": sum(not sources for _, sources in said),
            }
            for language in ("en", "da"):
                for form in ("html", "pdf"):
                    content, wall, cpu = timed(
                        lambda d=document, f=form, la=language: rendered(d, f, la, DocumentStatus())
                    )
                    row |= {f"{form}_{language}_s": wall, f"{form}_{language}_bytes": len(content)}
            row["all_s"] = sum(value for name, value in row.items() if name.endswith("_s") and "cpu" not in name)
            rows.append(row)
        engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for row in rows:
        plain = {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}
        print(json.dumps(plain | {"peak_mb": peak}))


if __name__ == "__main__":
    main()
