"""How the other side of a link has answered of late: it accepts us, refuses us, or is silent, and since when.

Every call goes through here, so that no refusal and no silence is only a line in the log. Refuses to try again.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from bavn.app.process.problem import Problem
from bavn.model.moment import SECOND_US
from bavn.model.ports import Clock, Link, LinkDown, LinkRefused
from bavn.model.spans import lasting
from bavn.model.text import Text

WHY_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """``answered_us``: when it last did what it was asked; None: never yet. ``refusal``: what it said where it refuses
    us now, empty where it does not. ``down``: why the latest call came to nothing; ``failing_us``: when the first was
    asked that came to nothing, however long it took to."""

    answered_us: int | None = None
    refusal: Text | None = None
    down: Text | None = None
    failing_us: int | None = None


class LinkWatch:
    """Of one other side. All methods from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._began_us = clock.now_us()
        self._ways: dict[str, LinkStatus] = {}
        self._waiting_us: dict[object, int] = {}

    @contextmanager
    def asking(self, way: str) -> Iterator[None]:
        """One call; ``way`` names its kind, since one kind may be refused while another is answered. Two
        of a kind may be under way at once."""
        call = object()
        with self._lock:
            self._waiting_us[call] = self._clock.now_us()
        try:
            yield
        except LinkRefused as error:
            self._failed(way, call, refusal=_why(error))
            raise
        except LinkDown as error:
            self._failed(way, call, down=_why(error))
            raise
        except BaseException:
            self._failed(way, call, down=Text("it could not be asked"))
            raise
        else:
            with self._lock:
                self._ways[way] = LinkStatus(answered_us=self._clock.now_us())
                del self._waiting_us[call]

    def _failed(self, way: str, call: object, *, refusal: Text | None = None, down: Text | None = None) -> None:
        with self._lock:
            before = self._ways.get(way, LinkStatus())
            asked_us = self._waiting_us.pop(call)
            self._ways[way] = LinkStatus(
                answered_us=before.answered_us,
                # One that is out of reach has not taken its refusal back.
                refusal=refusal or before.refusal,
                down=down,
                failing_us=before.failing_us or asked_us,
            )

    def known(self) -> bool:
        """Whether any call was answered or refused: until then nobody knows."""
        with self._lock:
            return any(way.answered_us is not None or way.refusal for way in self._ways.values())

    def problems(self, code: str, who: Text, silent_s_max: int) -> list[Problem]:
        """``code``: of the other side, such as centre: ``centre_refuses``, ``centre_silent``."""
        with self._lock:
            ways, waiting = dict(self._ways), dict(self._waiting_us)
        refusals = list(dict.fromkeys(way.refusal for way in ways.values() if way.refusal))
        if refusals:
            text = Text("{who} refuses this node: {said}", who=who, said=Text.joined("; ", refusals))
            return [Problem(code=f"{code}_refuses", source=code, text=text, act="other-side")]
        now_us = self._clock.now_us()
        since = [way.failing_us for way in ways.values() if way.failing_us is not None]
        since += [began_us for began_us in waiting.values() if now_us - began_us > silent_s_max * SECOND_US]
        if not ways and not waiting:
            since.append(self._began_us)
        if not since or now_us - min(since) <= silent_s_max * SECOND_US:
            return []
        why = next((way.down for way in ways.values() if way.down), Text("no answer"))
        text = Text(
            "{who} has not answered for {silent} ({why})", who=who, silent=lasting(now_us - min(since)), why=why
        )
        return [Problem(code=f"{code}_silent", source=code, text=text)]


def _why(error: Exception) -> Text:
    why = Text.of_error(error)
    return why if len(why.en) <= WHY_LENGTH_MAX else Text.plain(why.en[:WHY_LENGTH_MAX])


class WatchedLink:
    """A Link whose calls are watched; all else is the link's own."""

    def __init__(self, link: Link, watch: LinkWatch) -> None:
        self._link, self._watch = link, watch

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        with self._watch.asking("post"):
            return self._link.post(envelopes)

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        with self._watch.asking("pull"):
            return self._link.pull(after, wait_s)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)


class Asks[Asked, Said](Protocol):
    """A link that is one question."""

    def __call__(self, asked: Asked, /) -> Said: ...


def watched[Asked, Said](ask: Asks[Asked, Said], watch: LinkWatch) -> Callable[[Asked], Said]:
    """The same question, watched."""

    def asking(asked: Asked) -> Said:
        with watch.asking("ask"):
            return ask(asked)

    return asking
