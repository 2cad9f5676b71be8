"""An input that breaks something -> a smaller one that breaks the same, by leaving out halves, quarters, and so on."""

from collections.abc import Callable
from typing import Final

TRIES_MAX: Final = 3_000


def smaller(data: bytes, breaks: Callable[[bytes], bool], more: Callable[[], bool] = lambda: True) -> bytes:
    """``breaks`` says whether an input still breaks the same; ``more`` whether there is time left. Delta debugging as in
    Zeller and Hildebrandt 2002, on bytes; then each byte that may be is made a plain one."""
    tries, count = 0, 2
    while len(data) > 1 and tries < TRIES_MAX and more():
        step = max(1, len(data) // count)
        at, shrunk = 0, False
        while at < len(data) and tries < TRIES_MAX and more():
            tries += 1
            candidate = data[:at] + data[at + step :]
            if breaks(candidate):
                data, shrunk = candidate, True
            else:
                at += step
        if step == 1 and not shrunk:
            break
        count = max(2, count - 1) if shrunk else min(len(data), count * 2)
    for at in range(min(len(data), 400)):
        if not more():
            break
        plain = data[:at] + b"0" + data[at + 1 :]
        if data[at] not in b'0{}[]":,\n' and breaks(plain):
            data = plain
    return data
