"""Where a reading of a TAXII 2.1 collection stands: what to ask for next, and up to when all was taken.

A `next` belongs to one reading: servers keep it in a session, give the same one for every page, take out what they have
shown, and forget it after seconds. So it is followed and never kept; a reading that breaks off goes on at the moment up
to which everything was there (`added_after`), and reads the rest of that moment again. Pure.
Source: TAXII 2.1 (OASIS standard), sections 3.5 (pagination) and 5.4 (get objects).
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.centre.inbox.foreign_words import moment_of
from bavn.model.moment import DAY_US, iso
from bavn.model.outcome import Refused

LIMIT: Final = 1_000
LIMIT_MAX: Final = 100_000
STALE_PAGES_MAX: Final = 5
"""So many pages in a row that bring nothing are a circle."""
RESTARTS_MAX: Final = 3
TOKEN_CHARS_MAX: Final = 4_000
AHEAD_US_MAX: Final = DAY_US
"""A server's moment that lies further ahead is no place to go on from: nothing would ever come after it."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


@dataclass(frozen=True, slots=True)
class TaxiiPage:
    """An envelope as it came. ``first``, ``last``: X-TAXII-Date-Added-First and -Last, empty where they are missing."""

    objects: Sequence[Any]
    more: bool
    token: str
    first: str
    last: str


class TaxiiReading:
    """One reading, from ``after`` on: the moment up to which everything was taken in, empty for the beginning.
    ``now_us`` is when it began."""

    def __init__(self, after: str, now_us: int) -> None:
        began_us = moment_of(after) or 0
        self.after = self._began = after if 0 < began_us <= now_us + AHEAD_US_MAX else ""
        """What the next reading goes on from."""
        self.over = False
        self._now_us = now_us
        self._added_after, self._token, self._limit = self.after, "", LIMIT
        self._last_us, self._last = moment_of(self.after) or 0, self.after
        self._sorted = True
        self._pages: set[str] = set()
        self._before: frozenset[str] = frozenset()
        self._stale = self._restarts = 0

    @property
    def parameters(self) -> dict[str, str]:
        """What to ask for now. A `next` goes with the same parameters as the page that gave it."""
        asked = {"limit": str(self._limit), "match[type]": "indicator,marking-definition,sighting"}
        asked |= {"added_after": self._added_after} if self._added_after else {}
        return asked | ({"next": self._token} if self._token else {})

    def page(self, page: TaxiiPage) -> Refused | None:
        """Take note of a page; refused where reading on leads nowhere: then not all was taken."""
        keys = frozenset(map(_key, page.objects))
        digest = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
        stale = not keys or keys <= self._before or digest in self._pages
        self._stale = self._stale + 1 if stale else 0
        self._pages.add(digest)
        self._before = keys
        if keys:
            self._dates(page)
        if not page.more:
            self.after, self.over = self._last, True
            return None
        if self._stale >= STALE_PAGES_MAX:
            return Refused("circle", "the server says that there is more and gives the same over and over")
        if page.token:
            self._token = page.token
            return None
        return self._without_token(stale=stale)

    def refused(self) -> bool:
        """The server does not know our `next` any more; whether to go on from the last moment that is sure."""
        if not self._token or self._restarts >= RESTARTS_MAX:
            return False
        self._restarts += 1
        self._added_after, self._token, self._stale = self.after, "", 0
        self._last_us, self._last = moment_of(self.after) or 0, self.after
        self._pages.clear()
        self._before = frozenset()
        return True

    def _dates(self, page: TaxiiPage) -> None:
        """The last moment of a page may go on in the next: all before it is complete, if the server keeps its order."""
        first_us, last_us = moment_of(page.first), moment_of(page.last)
        if last_us is None or last_us > self._now_us + AHEAD_US_MAX:
            return
        begins_us = self._last_us if first_us is None or not self._token else first_us
        if last_us < self._last_us or begins_us < self._last_us:
            self._sorted, self.after = False, self._began
        if last_us >= self._last_us:
            self._last_us, self._last = last_us, _plain(page.last, last_us)
        if self._sorted and page.more and self._last_us - 1 > (moment_of(self.after) or 0):
            self.after = iso(self._last_us - 1)

    def _without_token(self, *, stale: bool) -> Refused | None:
        """More and no `next`: from the last moment on, which is read again since a page may end within it."""
        if not self._last_us:
            return Refused("no_way_on", "the server says that there is more, and neither next nor a date to go on from")
        if stale and self._limit < LIMIT_MAX:
            self._limit *= 10
        elif stale:
            return Refused(
                "no_way_on",
                "more objects than a page holds were added at {moment}, and the server gives no next",
                moment=self._last[:40],
            )
        self._added_after = iso(self._last_us - 1)
        return None


def _plain(text: str, us: int) -> str:
    """A moment as the server wrote it, where it wrote it as TAXII does: it may be finer than ours."""
    return text if _MOMENT.fullmatch(text) else iso(us)


def _key(item: Any) -> str:
    """The same for the same object, word for word."""
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
