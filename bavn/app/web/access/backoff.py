"""How long somebody waits after failing to log on: long where they tried, short everywhere else.

What fails from one address makes that address wait for that name, up to a quarter of an hour; what fails from many
makes everybody wait for the name, but never longer than half a minute, so that nobody can keep a colleague out. It is
the same whether there is such an account or not. Passkeys, which cannot be guessed, never wait. Refuses to know what
was tried.
"""

from typing import Final

from sqlalchemy import delete, select

from bavn.app.access.book import Book, hashed
from bavn.app.access.tables import TRIES
from bavn.app.web.console import neighbourhood
from bavn.model.moment import HOUR_US

SECOND_US: Final = 1_000_000
FREE_HERE: Final = 5
FREE_EVERYWHERE: Final = 20
WAIT_HERE_S_MAX: Final = 900
WAIT_EVERYWHERE_S_MAX: Final = 30
KEPT_MAX: Final = 20_000
FORGOTTEN_US: Final = 24 * HOUR_US


class Backoff:
    """Failures by name and address, and by name alone."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def wait_s(self, name: str, address: str) -> int:
        """How long until another attempt is looked at; 0: now."""
        now_us = self._book.now_us()
        with self._book.reading() as tx:
            rows = tx.execute(select(TRIES.c.until_us).where(TRIES.c.key.in_(_keys(name, address)))).all()
        until_us = max((row.until_us for row in rows), default=0)
        return max(0, -(-(until_us - now_us) // SECOND_US))

    def failed(self, name: str, address: str) -> None:
        """One more."""
        now_us = self._book.now_us()
        here, everywhere = _keys(name, address)
        with self._book.writing() as tx:
            tx.execute(delete(TRIES).where(TRIES.c.last_us < now_us - FORGOTTEN_US))
            crowd = tx.execute(
                select(TRIES.c.last_us).order_by(TRIES.c.last_us.desc()).offset(KEPT_MAX).limit(1)
            ).scalar()
            if crowd is not None:
                tx.execute(delete(TRIES).where(TRIES.c.last_us <= crowd))
            for key, free, most_s in (
                (here, FREE_HERE, WAIT_HERE_S_MAX),
                (everywhere, FREE_EVERYWHERE, WAIT_EVERYWHERE_S_MAX),
            ):
                row = tx.execute(select(TRIES.c.fails).where(TRIES.c.key == key)).first()
                fails = 1 if row is None else row.fails + 1
                wait_s = 0 if fails < free else min(most_s, 2 ** min(fails - free, 12))
                state = {"fails": fails, "last_us": now_us, "until_us": now_us + wait_s * SECOND_US}
                if row is None:
                    tx.execute(TRIES.insert().values(key=key, **state))
                else:
                    tx.execute(TRIES.update().where(TRIES.c.key == key).values(**state))

    def worked(self, name: str, address: str) -> None:
        """Whoever has logged on from here may err again."""
        with self._book.writing() as tx:
            tx.execute(delete(TRIES).where(TRIES.c.key == _keys(name, address)[0]))


def _keys(name: str, address: str) -> tuple[str, str]:
    folded = name.casefold()
    return hashed(f"try\x00{folded}\x00{neighbourhood(address)}"), hashed(f"try\x00{folded}")
