"""Reading bytes from outside is a stage of its own: whatever happens there, expected or not, is one refusal.

A parser says what it expects to be wrong by a rule of its own. What nobody expected ends here as ``unreadable``: the
log names the SHA-256 of the bytes and the place in the code, and they are counted. Never wrap thinking in it: a rule
over a message that was read is a gate's (gate.py).
"""

import hashlib
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from bavn.model.failure import place_of
from bavn.model.outcome import Refused

_LOG = logging.getLogger(__name__)
UNREADABLE: Final = "unreadable"
REFUSED: Final = Refused(UNREADABLE, "these bytes cannot be read")
"""The reason names no byte and no place: it goes back to whoever sent them."""

_UNSOUND = re.compile("[\0\ud800-\udfff]")
_UNSOUND_BYTES = re.compile(rb"\x00|\\u(?:0000|[dD][89a-fA-F])")
_counts: Counter[str] = Counter()
_lock: Final = threading.Lock()


def read[*Given, Value](parser: Callable[[*Given], Value], *given: *Given) -> Value | Refused:
    """What ``parser`` makes of bytes or text from outside; ``REFUSED`` for all that it raises. Give it nothing but a
    parser: a failure of anything else would look like a stranger's fault."""
    try:
        return parser(*given)
    except Exception as error:  # noqa: BLE001  a stranger's bytes may fail in any way (decision 20)
        _note(parser, error, given)
        return REFUSED


def reads[**Given, Value](parser: Callable[Given, Value]) -> Callable[Given, Value | Refused]:
    """The same as a decorator of the parser itself, for one that every caller must be safe from."""

    @wraps(parser)
    def safe(*args: Given.args, **named: Given.kwargs) -> Value | Refused:
        try:
            return parser(*args, **named)
        except Exception as error:  # noqa: BLE001  as above
            _note(parser, error, args)
            return REFUSED

    return safe


def sound(text: str) -> bool:
    """True for text that every database keeps and every codec writes: PostgreSQL takes no U+0000, and UTF-8 no half
    of a surrogate pair, which JSON can name by an escape."""
    return (text.isascii() and "\0" not in text) or _UNSOUND.search(text) is None


def mended(data: Any, raw: bytes) -> Any:
    """Plain JSON data that was read from ``raw``, each character that is not ``sound`` replaced by U+FFFD: a stranger's
    list of ten thousand is not refused for one of them. What has none is the same object."""
    return _mended(data) if _UNSOUND_BYTES.search(raw) else data


def _mended(data: Any) -> Any:
    if isinstance(data, str):
        return _UNSOUND.sub("\ufffd", data)
    if isinstance(data, dict):
        return {_mended(key): _mended(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_mended(value) for value in data]
    return data


def unreadable_counts() -> dict[str, int]:
    """How often each parser met what nobody expected since the process began."""
    with _lock:
        return dict(_counts)


def _note(parser: Callable[..., object], error: Exception, given: tuple[object, ...]) -> None:
    name = f"{getattr(parser, '__module__', '?')}.{getattr(parser, '__qualname__', '?')}"
    with _lock:
        _counts[name] += 1
        count = _counts[name]
    if count & (count - 1) == 0:  # the 1st, 2nd, 4th, ...: a stranger fills no log
        what = f"{type(error).__name__} at {place_of(error)}"
        _LOG.warning("%s could not read SHA-256 %s (%s); %d times so far", name, _digest(given), what, count)


def _digest(given: tuple[object, ...]) -> str:
    for value in given:
        if isinstance(value, bytes | bytearray | memoryview):
            return hashlib.sha256(value).hexdigest()
        if isinstance(value, str):
            return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return "unknown"
