"""Questions to a node's history that may take long, each in a process of its own, beside the console and the node.

A process is bounded in memory and time by the kernel (bavn.app.analyst.hunt_child), can be ended at once, and takes
nothing with it. One waits ready, so that a question begins at once. What was answered is kept for a while for the
person who asked, and for nobody else. Refuses to know what is asked.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from bavn.app.process.exits import Exit
from bavn.app.web.frame import Trouble
from bavn.app.web.soc.errors import trouble_of
from bavn.model.moment import MINUTE_US
from bavn.model.ports import Clock
from bavn.model.text import Text

RUNNING_MAX: Final = 8
RUNNING_OF_ONE_MAX: Final = 3
KEPT_MAX: Final = 200
KEPT_BYTES_MAX: Final = 256 << 20
KEPT_US: Final = 60 * MINUTE_US
ANSWER_BYTES_MAX: Final = 64 << 20
ENDED_S: Final = 7200.0
"""No question lasts longer, whatever a configuration says."""
State = Literal["running", "done", "failed", "cancelled"]


@dataclass(slots=True)
class Asking:
    """One question. ``answer``: what the process said, once ``state`` is done; ``code`` and ``reason`` once failed."""

    id: str
    node: str
    by: str
    kind: str
    began_us: int
    request: dict[str, Any]
    state: State = "running"
    ended_us: int | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    size: int = 0
    code: Exit = Exit.OK
    reason: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    over: threading.Event = field(default_factory=threading.Event)


class Askings:
    """All of a console. Every method may be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, Asking] = {}
        self._spare: subprocess.Popen[bytes] | None = None
        self._closed = False

    def start(self, file: Path, node: str, by: str, kind: str, request: dict[str, Any]) -> Asking:
        """Begins. Trouble(429) where this person, or all together, ask too much at once."""
        asking = Asking(secrets.token_urlsafe(16), node, by, kind, self._clock.now_us(), request)
        with self._lock:
            self._forget()
            running = [one for one in self._kept.values() if one.state == "running"]
            if len(running) >= RUNNING_MAX or sum(one.by == by for one in running) >= RUNNING_OF_ONE_MAX:
                raise Trouble(
                    429,
                    "asking-already",
                    Text("Enough questions are being answered: wait for one of them, or stop it."),
                )
            asking.process, self._spare = self._spare or _child(), None
            self._kept[asking.id] = asking
        line = json.dumps({"config": str(file), "kind": kind, **request}).encode() + b"\n"
        threading.Thread(target=self._follow, args=(asking, line), daemon=True, name="asking").start()
        return asking

    def of(self, asking_id: str, node: str, by: str) -> Asking:
        """A question that this person asked this node. Trouble(404) for any other."""
        with self._lock:
            asking = self._kept.get(asking_id)
        if asking is None or (asking.node, asking.by) != (node, by):
            raise Trouble(
                404,
                "no-question",
                Text("This answer is kept no longer: ask again."),
            )
        return asking

    def now(self, asking: Asking, wait_s: float = 0.0) -> Asking:
        """A copy as it stands, after waiting so long for its end: its state and its answer are of one moment."""
        asking.over.wait(wait_s)
        with self._lock:
            return copy(asking)

    def answer(self, asking: Asking, wait_s: float) -> dict[str, Any]:
        """What it is answered with; stopped where that takes longer. Trouble where there is no answer."""
        if not asking.over.wait(wait_s):
            self.cancel(asking)
        if asking.state != "done":
            raise trouble_of(Exit.EXCEEDED if asking.state == "cancelled" else asking.code, asking.reason)
        return asking.answer

    def cancel(self, asking: Asking) -> None:
        """Ends it now. Harmless for one that has ended."""
        with self._lock:
            if asking.state == "running":
                asking.state, asking.ended_us = "cancelled", self._clock.now_us()
                asking.over.set()
                _kill(asking.process)

    def close(self) -> None:
        """Ends everything."""
        with self._lock:
            self._closed = True
            for one in self._kept.values():
                _kill(one.process)
            spare, self._spare = self._spare, None
            self._kept.clear()
        if spare is not None:
            with spare:  # its pipes are closed, and it is waited for
                spare.kill()

    def ready(self) -> None:
        """A process waits for the next question, so that it begins at once."""
        with self._lock:
            if self._spare is None and not self._closed:
                self._spare = _child()

    def _follow(self, asking: Asking, line: bytes) -> None:
        process = asking.process
        assert process is not None  # noqa: S101  it was started with one
        timer = threading.Timer(ENDED_S, process.kill)
        timer.daemon = True
        timer.start()
        try:
            answer = _spoken(process, line)
        finally:
            timer.cancel()
            process.wait()
            self.ready()
        with self._lock:
            if asking.state == "running":
                state, asking.ended_us = _answered(asking, answer, process.returncode), self._clock.now_us()
                asking.state = state  # last: what is read after it is whole
            asking.process = None
            asking.over.set()

    def _forget(self) -> None:
        ended = [asking for asking in self._kept.values() if asking.ended_us is not None]
        ended.sort(key=lambda asking: asking.ended_us or 0)
        size, now_us = sum(asking.size for asking in ended), self._clock.now_us()
        for asking in ended:
            if len(self._kept) < KEPT_MAX and size <= KEPT_BYTES_MAX and (asking.ended_us or 0) > now_us - KEPT_US:
                return
            size -= asking.size
            del self._kept[asking.id]


def _child() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "bavn.app.analyst.hunt_child", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None and process.poll() is None:
        process.kill()


def _spoken(process: "subprocess.Popen[bytes]", line: bytes) -> bytes | None:
    """All that it says; None for more than may be kept."""
    assert process.stdin is not None  # noqa: S101  both are pipes
    assert process.stdout is not None  # noqa: S101
    with process.stdin as stdin, process.stdout as stdout:
        try:
            stdin.write(line)
            stdin.close()
        except BrokenPipeError:
            return b""
        answer = stdout.read(ANSWER_BYTES_MAX + 1)
        if len(answer) > ANSWER_BYTES_MAX:
            process.kill()
            return None
        return answer


def _answered(asking: Asking, data: bytes | None, returncode: int) -> State:
    if data is None:
        asking.code, asking.reason = Exit.EXCEEDED, f"the answer has more than {ANSWER_BYTES_MAX >> 20} MB"
        return "failed"
    try:
        answer = json.loads(data)
    except ValueError:
        asking.code = Exit.EXCEEDED if returncode in (Exit.EXCEEDED, -9, -6) else Exit.BROKEN
        return "failed"
    if "stop" in answer:
        asking.code, asking.reason = Exit(answer["stop"]), str(answer["reason"])
        return "failed"
    asking.answer, asking.size = answer, len(data)
    return "done"
