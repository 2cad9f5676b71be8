"""Facts of a sector that does not exist: a quarter with cases, indicators, counts, members."""

import datetime as dt
import random

from bavn.centre.publish.build import period_of
from bavn.centre.publish.document import Kind
from bavn.centre.publish.facts import (
    CaseFact,
    CountFact,
    DocumentFacts,
    IndicatorFact,
    LeadFact,
    LevelSet,
    MemberFact,
    OutsideFact,
    QuestionFact,
)
from bavn.centre.publish.threat import Level, Threat
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US, SECOND_US, as_us
from bavn.model.sector.case import CaseState
from bavn.model.sector.tally import BLOCKED, TECHNIQUES

NOW_US = as_us(dt.datetime(2026, 10, 5, 8, tzinfo=dt.UTC))


def make_case(number, **given):
    plain = {
        "id": f"case-{number:016x}",
        "state": CaseState.RELEASED,
        "tlp": Tlp.GREEN,
        "rsit": "malicious-code/c2-server",
        "threat": None,
        "threat_by": "",
        "techniques": ("T1071.001",),
        "actors": 3,
        "opened_us": NOW_US - 30 * DAY_US,
        "first_sighting_us": NOW_US - 31 * DAY_US,
        "confirmed_us": NOW_US - 29 * DAY_US,
    }
    return CaseFact(**plain | given)


def make_member(**given):
    plain = {
        "kind": "region",
        "active": True,
        "functions": ("laboratory",),
        "health_us": NOW_US - MINUTE_US,
        "sensor": "up",
        "loss_permille": 0,
    }
    return MemberFact(**plain | given)


def make_facts(kind=Kind.FORECAST, **given):
    plain = {"sector": "sector", "period": period_of(kind, "", NOW_US), "now_us": NOW_US, "tlp": Tlp.GREEN}
    return DocumentFacts(**plain | given)


def counts(first, last, kinds, dice):
    made = []
    for kind in kinds:
        told = (last - first + 1) * (100 if kind == "all" else 30)
        for what, entries in (("suspected", TECHNIQUES), ("blocked", BLOCKED)):
            for at, entry in enumerate(entries):
                value = int(told * 0.02 * (at % 9) ** 2) + dice.randint(-200, 200)
                made.append(
                    CountFact(
                        first_day=first,
                        last_day=last,
                        what=what,
                        entry=entry,
                        kind=kind,
                        told=told,
                        value=value,
                        low=max(0, value - 300),
                        high=max(0, value + 300),
                    )
                )
    return tuple(made)


def make_whole(kind=Kind.FORECAST, seed=1):
    """Everything at once."""
    dice, period = random.Random(seed), period_of(kind, "", NOW_US)
    first, last = period.first_us // DAY_US, period.end_us // DAY_US - 1

    def moment():
        return dice.randrange(period.first_us, period.end_us)

    rsit = ["malicious-code/c2-server", "fraud/phishing", "availability/ddos", "intrusions/system-compromise", ""]
    cases = []
    for at in range(20):
        confirmed = moment() - (0 if at < 14 else period.end_us - period.first_us)
        cases.append(
            make_case(
                at,
                tlp=Tlp.RED if at % 5 == 0 else Tlp.GREEN,
                rsit=dice.choice(rsit),
                confirmed_us=confirmed,
                opened_us=confirmed - HOUR_US,
                first_sighting_us=confirmed - DAY_US,
                actors=dice.randint(1, 9),
                threat=Threat.ESPIONAGE if at == 3 else None,
                threat_by="Anna Berg" if at == 3 else "",
                techniques=tuple(dice.sample(["T1071.001", "T1566", "T1190", "T1110"], 2)),
            )
        )
    indicators = []
    for at in range(60):
        out = moment()
        steps = (
            ("first_sighting", out - DAY_US),
            ("report", out - 5 * HOUR_US),
            ("lead", out - 4 * HOUR_US),
            ("confirmed", out - dice.randint(10, 200) * MINUTE_US),
            ("released", out),
            ("first_block", out + 5 * SECOND_US),
            ("last_block", out + dice.randint(2, 300) * MINUTE_US),
        )
        indicators.append(
            IndicatorFact(
                id=f"indicator--{at:08x}",
                case_id=cases[at % 20].id,
                tlp=Tlp.GREEN,
                technique="T1071.001",
                released_us=out,
                live=at % 3 > 0,
                steps=steps,
                given=100,
                enforced=dice.randint(70, 100),
                seen=dice.randint(0, 3),
                blocked=dice.randint(0, 4),
                retro=dice.randint(0, 2),
            )
        )
    weeks = min(13, (last + 1 - first) // 7)
    spans = [(last + 1 - 7 * at, last - 7 * at + 7) for at in range(weeks, 0, -1)]
    return make_facts(
        kind,
        cases=tuple(cases),
        indicators=tuple(indicators),
        leads=tuple(
            LeadFact(id=f"lead-{at:016x}", first_us=moment(), alive=at % 2 == 0, actors=2, techniques=("T1071.001",))
            for at in range(80)
        ),
        counts=counts(first, last, ["all", "region", "clinic"], dice),
        counts_by_span=tuple(one for start, end in spans for one in counts(start, end, ["all"], dice)),
        members=tuple(
            make_member(
                kind=dice.choice(["region", "municipality", "clinic", "supplier"]),
                functions=("laboratory", "surgery")[: dice.randint(0, 2)],
                health_us=NOW_US - dice.choice([MINUTE_US] * 8 + [3 * DAY_US]),
                sensor=dice.choice(["up"] * 6 + ["down"]),
                loss_permille=dice.choice([0, 1, 30]),
            )
            for _ in range(100)
        ),
        outside=(
            OutsideFact(kind="national", parties=1, proposed=1200, met=7),
            OutsideFact(kind="list", parties=5, proposed=41000, met=19),
        ),
        questions=(QuestionFact(id="0" * 32, asked_us=period.first_us, to=100, answered=88, met=3, declined=2),),
        levels=(LevelSet(Threat.ESPIONAGE, Level.VERY_HIGH, "Anna Berg", "warned of", NOW_US - DAY_US),),
    )
