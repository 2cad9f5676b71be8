"""Which release of Suricata a run was of, by its own log, and until when its makers mend that release.

By their policy (suricata.io, EOL policy, read on 2026-12-02) it is three years from a release's first version. Debian's
security team mends some holes of its own version for longer: docs/sources.md.
"""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Final

SUPPORTED_UNTIL: Final = {
    5: dt.date(2022, 8, 1),
    6: dt.date(2024, 8, 1),
    7: dt.date(2026, 7, 31),
    8: dt.date(2028, 7, 31),
}
"""The last day. An earlier release ended before the first of them."""

_VERSION: Final = re.compile(r"Suricata version (\d{1,4})\.\d")


def release_of(messages: Iterable[str]) -> int:
    """The release that a log names; 0 where it names none."""
    named = (_VERSION.search(message) for message in messages)
    return next((int(match[1]) for match in named if match), 0)


def ended_on(release: int, now: dt.date) -> dt.date | None:
    """The day on which the support of a release ended, where it has ended. None of a later release than is known here,
    and of 0."""
    last = SUPPORTED_UNTIL.get(max(release, min(SUPPORTED_UNTIL))) if release else None
    return last if last is not None and last < now else None
