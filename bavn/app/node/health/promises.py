"""What a node promises while it runs, and which of its problems breaks which promise.

docs/operations.md has the same table (a test compares). Refuses to find problems: vitals.py and its neighbours do.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from bavn.app.node.health.shared_promises import CERTIFICATES, gates_open, ledger_whole, parts_work
from bavn.app.process.problem import Problem
from bavn.model.health import Breach, Promise
from bavn.model.text import Text

MAIL_GOES: Final = "mail_goes"
NODE_PROMISES: Final = (
    Promise(
        code="sources_read",
        act="operator",
        says=Text("each source is read and makes progress"),
        first=Text("see what the line names: its file, program or port"),
    ),
    Promise(
        code="sources_heard",
        act="operator",
        says=Text("each source still gives records"),
        first=Text("look at the tap, the mirror port or the sender"),
    ),
    Promise(
        code="nothing_lost",
        act="operator",
        says=Text("nothing is lost on the way in"),
        first=Text("mend what lost it; once you know of it: bavn node health --acknowledge"),
    ),
    Promise(
        code="store_whole",
        act="operator",
        says=Text("the store is whole"),
        first=Text("look at the disk, then docs/store.md, When something is damaged"),
    ),
    Promise(
        code="disk_room",
        act="operator",
        says=Text("the disk has room and takes what must be kept"),
        first=Text("make room or lower [store] bytes_max, and let the node's user write there"),
    ),
    Promise(
        code="detectors_work",
        act="operator",
        says=Text("all detectors run, and in time"),
        first=Text("bavn node failures, and the log"),
    ),
    Promise(
        code="rules_loaded",
        act="operator",
        says=Text("the rules are loaded and switched on"),
        first=Text("bavn node rules status"),
    ),
    Promise(
        code="enforcers_up",
        act="operator",
        says=Text("each enforcer does what is wanted"),
        first=Text("see to the firewall, resolver or file that is named"),
    ),
    Promise(
        code="centre_accepts",
        act="nobody",
        says=Text("the centre is reached and accepts this node"),
        first=Text("ask the centre whether it runs, and whether you are a member"),
    ),
    Promise(
        code="keyholder_accepts",
        act="nobody",
        says=Text("the key holder, or enough of several, is reached and accepts this node"),
        first=Text("ask the key holder whether it runs, and whether you are a member"),
    ),
    Promise(
        code="key_stays",
        act="operator",
        says=Text("a day's key stays the one that it began with here"),
        first=Text("ask the holders that are named why; if they made it anew: bavn node accept-key"),
    ),
    Promise(
        code="holders_answer",
        act="other-side",
        says=Text("each key holder answers, and truly"),
        first=Text("tell the holder that is named"),
    ),
    Promise(
        code="queue_drains",
        act="nobody",
        says=Text("what waits for the centre gets there"),
        first=Text("see whether the centre is reached"),
    ),
    Promise(
        code="commons_answered",
        act="nobody",
        says=Text("the daily commons round is answered, and truly"),
        first=Text("bavn node commons; an answer that cannot be true: tell the other members and the centre"),
    ),
    Promise(
        code="centre_log",
        act="operator",
        says=Text("the centre's log only grows, and is shown to this node"),
        first=Text("bavn node watch-centre; a log that contradicts itself: tell the other members before the centre"),
    ),
    Promise(
        code="siem_takes",
        act="operator",
        says=Text("the SIEM is reached and takes what it is told"),
        first=Text("see to the receiver in [siem]; an event that is refused: its template or table"),
    ),
    Promise(
        code=MAIL_GOES,
        act="operator",
        says=Text("mail reaches this actor's own people"),
        first=Text("see to the mail server and the addresses in [remind], then: bavn node remind --try"),
    ),
    CERTIFICATES,
    Promise(
        code="clocks",
        act="operator",
        says=Text("the clocks agree"),
        first=Text("set the clocks by NTP"),
    ),
    ledger_whole("node"),
    gates_open("node"),
    parts_work("node"),
)

_OF: Final[dict[str, str]] = {
    "source_broken": "sources_read",
    "restarted": "sources_read",
    "lag": "sources_read",
    "no_source": "sources_read",
    "no_progress": "sources_read",
    "told_twice": "sources_read",
    "silent": "sources_heard",
    "store_refuses": "nothing_lost",
    "store_damaged": "store_whole",
    "disk_full": "disk_room",
    "disk_failed": "disk_room",
    "unwritten": "disk_room",
    "detect_failed": "detectors_work",
    "detect_slow": "detectors_work",
    "sigma_refused": "detectors_work",
    "detector_fails": "detectors_work",
    "rules": "rules_loaded",
    "rules_off": "rules_loaded",
    "enforcer_down": "enforcers_up",
    "centre_refuses": "centre_accepts",
    "centre_silent": "centre_accepts",
    "keyholder_refuses": "keyholder_accepts",
    "keyholder_silent": "keyholder_accepts",
    "holders_few": "keyholder_accepts",
    "key_changed": "key_stays",
    "holder_lied": "holders_answer",
    "holder_number": "holders_answer",
    "holder_refuses": "holders_answer",
    "holder_silent": "holders_answer",
    "queue_grows": "queue_drains",
    "commons_wrong": "commons_answered",
    "commons_missed": "commons_answered",
    "log_faces": "centre_log",
    "log_behind": "centre_log",
    "log_release_kept_back": "centre_log",
    "log_release_unproven": "centre_log",
    "log_proofs_late": "centre_log",
    "log_upload_changed": "centre_log",
    "siem_takes_nothing": "siem_takes",
    "siem_refuses": "siem_takes",
    "mail_waits": MAIL_GOES,
    "certificate_ended": "certificates",
    "certificate_ends": "certificates",
    "clock": "clocks",
    "clock_jump": "clocks",
    "ledger_broken": "ledger_whole",
    "book_lost": "ledger_whole",
    "gate_shut": "gates_open",
    "part_fails": "parts_work",
}


def promise_of(code: str) -> str:
    """The code of the promise that a problem breaks."""
    return "nothing_lost" if code.startswith("lost_") else _OF.get(code, "parts_work")


def breaches(problems: Sequence[Problem]) -> list[Breach]:
    """As model/health.py judges them."""
    return [Breach(code=promise_of(one.code), text=one.text, act=one.act) for one in problems]


def promised(given: Mapping[str, bool]) -> tuple[Promise, ...]:
    """The promises of a node that has what they are about. ``given``: False for a promise of something it has not."""
    return tuple(one for one in NODE_PROMISES if given.get(one.code, True))
