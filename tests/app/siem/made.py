"""One event of every kind and action, as node and centre make them, with whatever strangers may write into them."""

from bavn.actor.protect.of_late import Stands
from bavn.app.process.problem import Problem
from bavn.app.siem.centre_events import act_event, alarm_events
from bavn.app.siem.event import SiemEvent, Teller, event_id
from bavn.app.siem.node_events import block_events, line_event, problem_event, sighting_event, suspicion_event
from bavn.centre.cases.audit import AuditLine
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.alarm import Alarm
from bavn.model.suspicion import RowsRef, Suspicion
from bavn.model.text import Text
from bavn.wire.ledger import Line

NOW_US = 1_796_000_000_123_456
NODE = Teller("region-nord", "node", "0.1.0", "en")
CENTRE = Teller("health", "centre", "0.1.0", "en")
INDICATOR = "indicator--6f3c2f0a-3f0b-5f0e-8a53-3a5b8f2d9c11"
HOSTILE = 'a|b\\c=d "e"\nsecond line\r\n<6>1 - "}],æøå 漢 \x1b[31m'


def suspicion(number=0, host="10.1.2.3", nats=4.0, words="a beacon to a name that is new here"):
    return Suspicion(
        id=f"suspicion-{number}",
        detector="beacon",
        technique="T1071.001",
        host=host,
        peer="evil.example",
        observables=(
            Observable.of(ObservableType.DOMAIN, "evil.example"),
            Observable.of(ObservableType.IP4, "203.0.113.9"),
            Observable.of(ObservableType.SHA256, "ab" * 32),
        ),
        p=1e-9,
        p_source="own",
        evidence_nats=nats,
        statistic=12.5,
        first_us=NOW_US - DAY_US,
        last_us=NOW_US,
        hosts=2,
        listed=False,
        period_s=300.0,
        regularity=0.97,
        walk_nats=None,
        why=Text.plain(words),
        rows=RowsRef("flow", (("src", host),), NOW_US - HOUR_US, NOW_US),
    )


def line(verdict="passed", seq=7):
    refused = verdict == "refused"
    return Line(
        seq=seq,
        at_us=NOW_US,
        gate="1",
        way="out",
        kind="Report",
        item_id="cd" * 32,
        peer="centre",
        verdict=verdict,
        rule="budget" if refused else "",
        reason=Text.plain(HOSTILE).row() if refused else "",
        privacy="S1",
        bytes=412,
        summary="{}",
        prev="0" * 64,
        hash=f"{seq:064x}",
    )


def block_rows():
    reason = Text.plain(HOSTILE).row()
    types = (("domain", "evil.example"), ("ip6", "2001:db8::9"), ("sha256", "ab" * 32), ("ja3", "cd" * 16))
    for kind, value in types:
        for standing in ("wanted", "lifted", "refused"):
            forced = NOW_US if standing == "wanted" else None
            row = (INDICATOR, 1, kind, value, "block", standing, "never_block", reason)
            yield Stands(*row, NOW_US + DAY_US, NOW_US, "ida", forced)


def audit_line(act, subject):
    return AuditLine(
        seq=3, at_us=NOW_US, who="ida", act=act, subject=subject, detail="{}", prev="0" * 64, hash="1" * 64
    )


def node_events() -> list[SiemEvent]:
    events = [
        suspicion_event(suspicion(), NOW_US),
        suspicion_event(suspicion(1, "reception-pc", 1.0, HOSTILE), NOW_US),
        suspicion_event(suspicion(2, "fd00::5", -1.0), NOW_US),
    ]
    events += [event for row in block_rows() for event in block_events(row)]
    events += [
        sighting_event(INDICATOR, "domain", "evil.example", how, 4, NOW_US - DAY_US, NOW_US)
        for how in ("seen", "blocked", "retro")
    ]
    problem = Problem(code="silent", source="eve", text=Text.plain(HOSTILE))
    for action in ("problem-begun", "problem-ended"):
        events.append(problem_event(action, problem.code, problem.source, problem.text, NOW_US, NOW_US + 1))
    return [*events, line_event(line()), line_event(line("refused", 8))]


def centre_events() -> list[SiemEvent]:
    alarm = Alarm(
        number=4,
        actor="region-nord",
        kind="disk",
        began_us=NOW_US,
        ended_us=NOW_US + 1,
        detail=Text.plain(HOSTILE),
        acked_by="",
        acked_us=None,
    )
    lead = SiemEvent(
        id=event_id("lead", "lead-1"),
        at_us=NOW_US,
        kind="lead",
        action="lead-found",
        severity=8,
        message=Text.plain("3 actors report the same: lead-1"),
        observables=(Observable.of(ObservableType.JA3, "cd" * 16),),
        technique="T1071",
        first_us=NOW_US,
        facts={"lead": "lead-1", "score": 7.5, "actors": ("region-nord", "region-syd")},
    )
    released = (Observable.of(ObservableType.DOMAIN, "evil.example"),)
    return [
        lead,
        *alarm_events(alarm),
        act_event(audit_line("confirm", "case-1"), "case"),
        act_event(audit_line("close", "case-1"), "case"),
        act_event(audit_line("indicator-release", INDICATOR), "release", observables=released, indicator=INDICATOR),
        act_event(audit_line("indicator-draft", INDICATOR), "release"),
        act_event(audit_line("policy-approved", "policy-1"), "audit"),
    ]


EVERY = [(event, NODE) for event in node_events()] + [(event, CENTRE) for event in centre_events()]
