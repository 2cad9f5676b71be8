"""`bavn` as ever, in a process that stands still (SIGSTOP) or dies (SIGKILL) at the very step that a file names.

    python -m tests.sector.held_process FOLDER WORDS...

``FOLDER/hold`` names a step and a signal; the process takes it away, leaves its words in ``FOLDER/held``, and sends
itself the signal. ``FOLDER/suspected`` names what this node suspects, a domain a line. ``HELD_LINKS``: ``hurried`` ones
give up within seconds, so that standing still for seconds is longer than whoever waits for it does; ``patient`` ones
after minutes, so that a step that waits is told from a machine that is slow.
"""

import functools
import importlib
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

BEFORE, AFTER = "before", "after"
PATIENT_S = 300.0
CENTRE = {
    "an order is carried out": ("bavn.centre.share.share", "Share.release", BEFORE),
    "a release is owed": ("bavn.centre.share.deliveries", "Deliveries.release", AFTER),
    "a release is written to the book": ("bavn.centre.share.post", "Post.say_all", BEFORE),
    "a release is queued and not marked so": ("bavn.centre.share.post", "Post.say_all", AFTER),
    "a message is handed over": ("bavn.centre.node.centre", "Centre.pull", AFTER),
    "an envelope is in an open transaction": ("bavn.centre.inbox.inbox", "Inbox._keep", AFTER),
    "an envelope is kept and not acknowledged": ("bavn.centre.inbox.inbox", "Inbox.receive", AFTER),
    "a receipt is worked off and not marked so": ("bavn.centre.node.protection", "Protection.heard", AFTER),
    "a round is opened": ("bavn.centre.correlate.join", "_opening", AFTER),
    "uploads are closed": ("bavn.centre.correlate.join", "Join._table", BEFORE),
    "holders are asked": ("bavn.centre.correlate.join", "Join._take_turns", BEFORE),
    "a report is worked off and not marked so": ("bavn.centre.correlate.join", "Join._judged", AFTER),
}
KEYHOLDER = {
    "a request is counted, in an open transaction": ("bavn.keyholder.holder", "KeyHolder._count", AFTER),
    "a request is evaluated and not answered": ("bavn.keyholder.holder", "KeyHolder.part", AFTER),
}
NODE = {
    "a release is heard, in an open transaction": ("bavn.actor.protect.intake", "Intake.take_in", AFTER),
    "a release is heard and not enforced": ("bavn.actor.node.talker", "Talker.take", AFTER),
    "one enforcer has it": ("bavn.actor.protect.force", "Force._bring", AFTER),
    "a receipt is written, in an open transaction": ("bavn.actor.door.door", "Door.tell_outcome", AFTER),
    "an envelope is posted and not let go": ("bavn.wire.links.https", "HttpsLink.post", AFTER),
    "keys are asked for": ("bavn.actor.door.rounds.shares", "RoundShares._make", BEFORE),
    "a share is kept, in an open transaction": ("bavn.actor.door.state", "State.keep_round", AFTER),
    "a share is in the outbox": ("bavn.actor.door.rounds.joining", "Rounds._send_up", AFTER),
    "receipts are given, in an open transaction": ("bavn.actor.door.rounds.joining", "Rounds._give_receipts", AFTER),
    "an element is named, in an open transaction": ("bavn.actor.door.rounds.joining", "Rounds._reveal", AFTER),
    "a batch is read and not kept": ("bavn.actor.sense.turn", "SourceTurn._keep", BEFORE),
    "a batch is written and not in the manifest": ("bavn.actor.store.manifest", "Manifest.commit", BEFORE),
    "a batch is kept and not acknowledged": ("bavn.actor.store.columns", "ColumnStore.append", AFTER),
}
STEPS = {"centre": CENTRE, "keyholder": KEYHOLDER, "node": NODE}


def stand_still(folder: Path, step: str) -> None:
    """Where the folder says that this process does so here."""
    try:
        named, number = (folder / "hold").read_text().split("\n")
    except (OSError, ValueError):
        return
    if named != step:
        return
    try:
        (folder / "hold").unlink()  # of two threads that come here one is the one
    except OSError:
        return
    (folder / "held").write_text(step)
    os.kill(os.getpid(), int(number))


def hold_at(folder: Path, step: str, module: str, name: str, when: str) -> None:
    """KeyError, AttributeError for a step that is not there any more."""
    owner: object = importlib.import_module(module)
    *way, last = name.split(".")
    for part in way:
        owner = getattr(owner, part)
    real = getattr(owner, last)

    @functools.wraps(real)
    def stepped(*given, **named):
        if when == BEFORE:
            stand_still(folder, step)
        done = real(*given, **named)
        if when == AFTER:
            stand_still(folder, step)
        return done

    setattr(owner, last, stepped)


def hurry() -> None:
    """Waits of seconds in place of waits of tens of seconds, and a look at the store twice a second."""
    from bavn.app.node import service as node_service
    from bavn.app.node.health import recorder
    from bavn.wire.links.https import LinkLimits

    LinkLimits.__init__.__kwdefaults__ |= {"request_s": 1.5, "pull_s": 1.5, "connect_s": 1.5}
    node_service.PULL_WAIT_S, recorder.STORE_EVERY_US, node_service.STEP_S = 1.0, 500_000, 0.5


def be_patient() -> None:
    """With the key holder."""
    from bavn.app.node import links

    links.JOIN_S = PATIENT_S


def suspect(folder: Path) -> None:
    """What the folder names is strongly suspected, since a moment ago."""
    from bavn.actor.door.door import Door
    from bavn.model.observable import Observable
    from bavn.model.suspicion import RowsRef, Suspicion
    from bavn.model.text import Text

    def suspicions():
        now_us = time.time_ns() // 1000
        names = (folder / "suspected").read_text().split() if (folder / "suspected").exists() else []
        return [
            Suspicion(
                id=f"{number:032}",
                detector="beacon",
                technique="T1071.001",
                host="10.1.2.3",
                peer=name,
                observables=(Observable.of("domain", name),),
                p=0.001,
                p_source="own",
                evidence_nats=6.0,
                statistic=9.0,
                first_us=now_us - 7_200_000_000,
                last_us=now_us - 60_000_000,
                hosts=1,
                listed=False,
                why=Text.written("Every 300 s.", da="Hvert 300. s."),
                rows=RowsRef("flow", (("src", "10.1.2.3"),), 0, 1),
                period_s=301.5,
                regularity=0.82,
            )
            for number, name in enumerate(names)
        ]

    begin = Door.__init__

    @functools.wraps(begin)
    def begun(door, **given):
        begin(door, **given | {"knowledge": replace(given["knowledge"], suspicions=suspicions)})

    Door.__init__ = begun


def main() -> None:
    folder, role = Path(sys.argv[1]), sys.argv[2]
    {"hurried": hurry, "patient": be_patient}.get(os.environ.get("HELD_LINKS", ""), lambda: None)()
    if role == "node":
        suspect(folder)
    for step, (module, name, when) in STEPS[role].items():
        hold_at(folder, step, module, name, when)
    from bavn.app.cli.main import main as bavn

    sys.argv = ["bavn", *sys.argv[2:]]
    bavn()


if __name__ == "__main__":
    signal.signal(signal.SIGCONT, signal.SIG_DFL)
    main()
