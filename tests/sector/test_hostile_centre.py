"""A hostile centre that holds the real signing key, before a whole node: what it can and cannot make that node do.

The node is put together of the same parts as for real: door, gate 4, the shipped never-block list, a text list and a
policy zone on the disk, a real store. The centre may say anything at all, signed, in any order.
"""

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bavn.actor.door.policy import DoorPolicy
from bavn.model.moment import DAY_US, HOUR_US, MINUTE_US
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from tests.sector.hostile_centre import (
    HOSTILE,
    NOW_US,
    every_kind,
    release,
)

FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "socket.connect",
    "socket.bind",
    "ctypes.dlopen",
    "pickle.find_class",
    "code.__new__",
)
PROCESS = {"watching": False, "met": []}


def _hook(event, args) -> None:
    if PROCESS["watching"] and event.startswith(FORBIDDEN):
        PROCESS["met"].append((event, str(args)[:200]))
    if PROCESS["watching"] and event == "open" and isinstance(args[0], str) and args[1] and set(args[1]) & set("wax+"):
        PROCESS["met"].append((event, args[0]))


@pytest.fixture(scope="module", autouse=True)
def _watched():
    """An audit hook cannot be taken away again: it is deaf outside these tests."""
    sys.addaudithook(_hook)


def test_every_kind_of_message_is_tried() -> None:
    assert {type(message).__name__ for message in every_kind("x")} == set(DOWN_KINDS)


def test_it_runs_nothing_at_the_node_and_reaches_nobody(make_node) -> None:
    """Watched by the interpreter itself: no program, no new code, no socket, no file outside the node's folder."""
    node = make_node()
    node.says(release("warm-up.com"))
    PROCESS["met"].clear()
    PROCESS["watching"] = True
    try:
        for text in HOSTILE:
            node.says(*every_kind(text))
    finally:
        PROCESS["watching"] = False
    met = [(event, what) for event, what in PROCESS["met"] if event != "open" or not what.startswith(str(node.folder))]
    assert met == []
    assert Ledger(node.book).verify() is None
    assert node.blocked() == {"warm-up.com"}


def test_the_watch_sees_what_it_is_there_for(tmp_path) -> None:
    PROCESS["met"].clear()
    PROCESS["watching"] = True
    try:
        import subprocess

        subprocess.run(["true"], check=True)
        (tmp_path / "x").write_text("x")
    finally:
        PROCESS["watching"] = False
    assert {"subprocess.Popen", "open"} <= {event for event, _ in PROCESS["met"]}


def test_a_policy_of_silence_is_silence_whatever_is_asked(make_node) -> None:
    """Nothing of S1 or S2 leaves; what stays of a round is a share that is random to the centre, and declines."""
    never = {f"reveal_{kind}": "never" for kind in ("domain", "address", "fingerprint", "pair", "chain", "file")}
    quiet = DoorPolicy(tell_sightings=False, answer_questions="never", tell_counts=False, tell_health=False, **never)
    node = make_node(door=quiet)
    for text in ("x", *HOSTILE[:4]):
        node.says(*every_kind(text))
    node.says(release("only-here.net"))
    node.clock.advance(HOUR_US)
    node.talker.talk()
    kinds = {type(message).__name__ for message in node.said()}
    assert kinds <= {"ShareUpload", "Receipts", "Declined", "QuestionDeclined"}
    assert b"only-here" not in b"".join(node.wire.up)


def test_it_cannot_read_the_store(make_node) -> None:
    """Forged receipts reveal nothing; a question is answered by yes or no, within its daily budget; no message of any
    kind carries a row, a host, a path or a query back."""
    node = make_node(door=DoorPolicy(questions_per_day_max=3))
    for text in HOSTILE:
        node.says(*every_kind(text))
    for n in range(10):
        node.says(
            messages.QuestionAsked(
                question_id=f"{n:032x}",
                observables=(messages.AskedObservable(type="domain", value=f"q{n}.com"),),
                since_hour=NOW_US // HOUR_US - 24,
                asked_us=NOW_US,
                until_us=NOW_US + DAY_US,
                asked_by="Anna Berg",
                approved_by="Bo Lund",
                why="x",
            )
        )
    node.clock.advance(MINUTE_US)
    node.talker.talk()
    said = node.said()
    assert not [message for message in said if isinstance(message, messages.Report)]
    answered = [message for message in said if isinstance(message, messages.QuestionAnswered)]
    assert len(answered) <= 3
    up = b"".join(node.wire.up)
    for secret in (b"10.1.2.3", b"only-here", str(node.folder).encode(), b"select", b"passwd"):
        assert secret not in up


def test_who_has_not_the_key_says_nothing(make_node) -> None:
    node = make_node(sensor=False)
    other = Ed25519PrivateKey.generate()
    node.wire.down.append(seal.seal(other, "centre", "north", 1, release("evil.com")))
    node.wire.down.append(seal.seal(node.centre, "centre", "south", 1, release("evil.com")))
    node.talker.talk()
    assert node.blocked() == set()
    assert {line.rule for line in Ledger(node.book).every()} >= {"bad_signature", "wrong_recipient"}
