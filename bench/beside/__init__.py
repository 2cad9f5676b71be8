"""What others tell of the same captures, by the ruler's own rules: Suricata with rules, and RITA v5's beacons.

An alarm is a pair of machines, once for each capture, whatever the rules and the alerts. RITA is asked with its own
grades, each day about that day, by the formula that its authors publish (``bench/baselines``); its own modifiers for
rare peers and unknown lists are left out. Alerts are those of the captures read with all rules; logs cannot be read so.
"""

from collections.abc import Iterable

from baselines import SCORE_HIGH, SCORE_MEDIUM, Alarm, rita_beacons
from labelled import Labelled

from bavn.actor.detect.queries.open_flows import AGE_RULES
from bavn.actor.store.query.window import StoreWindow
from bavn.model.record import address_text

ANY, GRAVER = "Suricata, any alert", "Suricata without info and policy"
MEDIUM, HIGH = "RITA v5, medium or worse", "RITA v5, high"
NAMES = (ANY, GRAVER, MEDIUM, HIGH)
_TOLD = "signature_id NOT IN ({})".format(", ".join(map(str, AGE_RULES)))
_ALERTS = "SELECT DISTINCT src, dst FROM alert WHERE {} ORDER BY src, dst"
_INFO = r"""regexp_matches(coalesce("signature", ''), '^(ET )?(INFO|POLICY)\b') OR lower(coalesce(category, '')) IN (
    'not suspicious traffic', 'misc activity', 'generic protocol command decode', 'unknown traffic',
    'potential corporate privacy violation', 'device retrieving external ip address detected')"""
"""Rule sets of information and policy by their name, and classes of that kind."""


def of_rules(windows: Iterable[StoreWindow]) -> dict[str, frozenset[Alarm]]:
    """Alerts."""
    made: dict[str, set[Alarm]] = {ANY: set(), GRAVER: set()}
    for window in windows:
        for name, told in ((ANY, _TOLD), (GRAVER, f"{_TOLD} AND NOT ({_INFO})")):
            made[name] |= {
                Alarm(address_text(src), address_text(dst)) for src, dst in window.rows(_ALERTS.format(told))
            }
    return {name: frozenset(alarms) for name, alarms in made.items()}


def of_calls(windows: Iterable[StoreWindow]) -> dict[str, frozenset[Alarm]]:
    """Beacons."""
    made: dict[str, set[Alarm]] = {MEDIUM: set(), HIGH: set()}
    for window in windows:
        for name, least in ((MEDIUM, SCORE_MEDIUM), (HIGH, SCORE_HIGH)):
            made[name] |= rita_beacons(window, least)
    return {name: frozenset(alarms) for name, alarms in made.items()}


def about(one: Labelled, alarms: Iterable[Alarm]) -> bool:
    """Is any about a machine that the label names? As for a suspicion: any at all, where it names none."""
    return any(not one.hosts or alarm.host in one.hosts or alarm.peer in one.hosts for alarm in alarms)
