"""What failed in a way that nobody foresaw: which part, doing what, where in the code, over which bytes.

A part (a source, detector, enforcer, correlator, rule, page) that fails costs one item or one result, never the process
(docs/decisions/0020-contained.md). Refuses to decide what happens next: who contains a part says so there.
"""

import hashlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

ERROR_LENGTH_MAX: Final = 300
TRACE_LENGTH_MAX: Final = 20_000
ITEM_BYTES_MAX: Final = 1_000_000
"""Of an item that a part failed over, so much is kept for a report of the fault."""

_PACKAGES: Final = ("/bavn/", "/bavn_lab/")

During = Literal["start", "work", "stop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failure. ``part``: kind and name, such as ``detector beacon`` or ``source eve``. ``error``: type and message,
    bounded; ``place``: the innermost line of Bavn's own code. ``item``: what it was working on, at most ITEM_BYTES_MAX
    of it; ``digest``: SHA-256 of all of it, in hex, empty without one. It may all be private: it stays at its owner."""

    part: str
    during: During
    error: str
    place: str
    at_us: int
    item: bytes = b""
    digest: str = ""

    @classmethod
    def of(cls, part: str, error: BaseException, at_us: int, during: During, item: bytes) -> "Failure":
        """Of an exception as it was caught."""
        return cls(
            part=part,
            during=during,
            error=_bounded(error),
            place=place_of(error),
            at_us=at_us,
            item=item[:ITEM_BYTES_MAX],
            digest=hashlib.sha256(item).hexdigest() if item else "",
        )

    @property
    def kind(self) -> tuple[str, str, str]:
        """What two failures of one cause share: part, type of error, place."""
        return self.part, self.error.partition(":")[0], self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingPart:
    """A part that has failed and not worked since. ``count``: how often since ``since_us``."""

    part: str
    since_us: int
    count: int
    latest: Failure


class Failures(Protocol):
    """Where containment tells. All methods from any thread; none raises but ``NoContainment``."""

    def note(self, part: str, error: Exception, *, during: During = "work", item: bytes = b"") -> None:
        """``part`` failed with ``error`` over ``item``: what it would have given is missing."""
        ...

    def works(self, part: str) -> None:
        """``part`` has done its work: it fails no more. Cheap, and harmless for a part that never failed."""
        ...

    def failing(self) -> Sequence[FailingPart]:
        """Parts that fail now, in the order of their names."""
        ...


class NoContainment:
    """Contains nothing: whatever fails is raised again. For tests, and for commands in front of a person."""

    def note(self, part: str, error: Exception, *, during: During = "work", item: bytes = b"") -> None:  # noqa: ARG002
        raise error

    def works(self, part: str) -> None:
        """Nothing to forget."""

    def failing(self) -> Sequence[FailingPart]:
        return ()


def is_ctrl_c(error: BaseException) -> bool:
    """Whether DuckDB made this error of a Ctrl-C: it swallows the KeyboardInterrupt, and this stands in its place."""
    return isinstance(error, RuntimeError) and str(error) == "Query interrupted"


def place_of(error: BaseException) -> str:
    """``bavn/wire/codec.py:37 decode``: the innermost frame of Bavn's own code; empty where there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for package in _PACKAGES:
            _, found, rest = frame.filename.rpartition(package)
            if found:
                return f"{package.strip('/')}/{rest}:{frame.lineno} {frame.name}"
    return ""


def _bounded(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  an exception whose own text raises is still to be told
        text = type(error).__name__
    return writable(text[:ERROR_LENGTH_MAX])


def writable(text: str) -> str:
    """The same with what cannot be written as UTF-8 (a lone surrogate) spelled out: else it fails wherever it goes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def trace_of(error: BaseException) -> str:
    """The whole traceback as text that can be written anywhere; the end of it where it is long."""
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001  an exception whose own text raises is still to be told
        text = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    return writable(text[-TRACE_LENGTH_MAX:])
