"""What an alert is worth by its kind: severity, class, the set in the rule's name, and whom it is about."""

from dataclasses import replace

import pytest

from bavn.actor.detect.base import Candidate, DetectorContext
from bavn.actor.detect.detectors.signature import WEAK_P_TIMES, Alert, Signature, gravity_of
from bavn.actor.detect.indicators.lists import NO_LISTS, Lists
from bavn.actor.detect.terms import Terms

POLICY, INFO, UNSURE = "Potential Corporate Privacy Violation", "Misc activity", "Potentially Bad Traffic"
TROJAN = "A Network Trojan was detected"
BASE = Alert(
    host="10.0.0.40",
    peer="45.9.148.20",
    other="45.9.148.20",
    outward=True,
    rule=1,
    said="rule",
    category="",
    severity=3,
    count=1,
    first_us=0,
    last_us=0,
    days=1,
)


@pytest.mark.parametrize("category", ["", POLICY, INFO, UNSURE, TROJAN])
@pytest.mark.parametrize("said", ["rule", "ET POLICY x", "ET MALWARE x", "ET ATTACK_RESPONSE x"])
def test_a_worse_severity_is_worth_more_whatever_the_kind(category, said) -> None:
    alert = replace(BASE, category=category, said=said)
    worth = [gravity_of(replace(alert, severity=severity)) for severity in (3, 2, 1)]
    assert worth == sorted(worth)
    assert len(set(worth)) == 3


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_a_set_that_warns_is_grave_and_one_that_informs_is_mild_whatever_the_class(severity) -> None:
    plain = replace(BASE, severity=severity)
    grave, mild = replace(plain, category=TROJAN), replace(plain, category=INFO)
    assert gravity_of(replace(plain, said="ET ATTACK_RESPONSE x", category=UNSURE)) == gravity_of(grave)
    assert gravity_of(replace(plain, said="ET INFO x")) == gravity_of(mild)
    assert gravity_of(replace(grave, said="ET POLICY x")) == gravity_of(grave)
    assert gravity_of(mild) < gravity_of(plain) < gravity_of(grave)


def test_what_informs_about_the_inside_and_what_is_greeted_is_weighed_by_what_it_is_about(made) -> None:
    outside, inside = (replace(BASE, said="ET POLICY x", category=UNSURE, aside=aside) for aside in (False, True))
    assert gravity_of(inside) < gravity_of(outside)
    lateral = replace(inside, said="ET POLICY x - Possible Lateral Movement")
    assert gravity_of(lateral) == gravity_of(replace(lateral, aside=False))
    assert gravity_of(replace(inside, said="x", category=TROJAN)) == gravity_of(replace(BASE, category=TROJAN))
    asked = {"table": "dns", "sources": ["10.0.0.40"], "targets": ["10.0.0.53"], "port": 53, "every_s": 2}
    asked["set"] = {"rrname": "a.kvist.tk", "rrtype": "A", "answered": True}
    alert = alert_row("10.0.0.53", "ET DNS Query to a .tk domain", UNSURE, 2, flow=False, same_flow=True)
    (named,) = candidates(made, [asked, alert])
    (nameless,) = candidates(made, [alert_row("10.0.0.53", "ET DNS Query to a .tk domain", UNSURE, 2)])
    assert (named.peer, named.p_times, nameless.p_times) == ("kvist.tk", 1.0, WEAK_P_TIMES)
    assert named.statistic > nameless.statistic
    (greeting,) = candidates(made, [alert_row("255.255.255.255", "ET POLICY Dropbox Client Broadcasting", POLICY, 1)])
    (download,) = candidates(made, [alert_row("45.9.148.22", "ET POLICY PE EXE or DLL", POLICY, 1)])
    assert (greeting.p_times, download.p_times) == (WEAK_P_TIMES, 1.0)
    assert download.statistic > greeting.statistic
    asked["set"] = {"rrname": "api.ipify.org", "rrtype": "A", "answered": True}
    rule, other = "ET INFO External IP Lookup Domain (ipify .org)", "ET INFO Observed Domain (ipify .org)"
    for said, held in ((rule, True), (other, False)):
        given = [asked, alert_row("10.0.0.53", said, UNSURE, 2, flow=False, same_flow=True)]
        unknown, famous = candidates(made, given), candidates(made, given, lambda: Lists.of(popular=["ipify.org"]))
        assert (famous[0].statistic == unknown[0].statistic) is held


def candidates(made, rows: list[dict], lists=lambda: NO_LISTS) -> tuple[Candidate, ...]:
    window = made.window_of(made.Case("signature", "hit-x", {"hours": 24, "rows": rows}))
    return Signature().candidates(DetectorContext(window=window, terms=Terms(window, lists))).candidates


def alert_row(target: str, said: str, category: str, severity: int, **more) -> dict:
    told = {"signature_id": 7, "signature": said, "category": category, "severity": severity}
    row = {"table": "alert", "sources": ["10.0.0.40"], "targets": [target], "port": 53, "every_s": 2, "set": told}
    return row | more
