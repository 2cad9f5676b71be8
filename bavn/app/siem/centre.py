"""Tells the SIEM of the centre's own people, in a thread of its own beside the running centre.

Refuses to stop the centre: what fails here costs a turn.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bavn import __version__
from bavn.app.config.load import CentreFile
from bavn.app.process.service_health import PromiseFinding
from bavn.app.siem.bookmark import Bookmark
from bavn.app.siem.build import handover_of, kinds_of
from bavn.app.siem.centre_events import Acts, Alarms, Leads
from bavn.app.siem.event import CENTRE_KINDS, Teller
from bavn.app.siem.handover import EVERY_S, Handover, Stream
from bavn.centre.desk.desk import Desk
from bavn.model.failure import Failures
from bavn.model.ports import Clock
from bavn.wire.book import Book

_LOG = logging.getLogger(__name__)
PART: Final = "siem"
END_S: Final = 2.0


def centre_handover(file: CentreFile, desk: Desk, book: Book, clock: Clock) -> Handover:
    """Raises Stop and SettingsError."""
    mark, wanted = Bookmark(book), kinds_of(file.siem, CENTRE_KINDS)
    acts = tuple(kind for kind in wanted if kind in ("case", "release", "audit"))
    streams: list[Stream] = []
    if "lead" in wanted:
        streams.append(Leads(mark, desk.engine))
    if acts:
        streams.append(Acts(mark, desk, acts))
    if "health" in wanted:
        streams.append(Alarms(mark, desk, clock))
    teller = Teller(file.centre.limits.sector, "centre", __version__, file.siem.language)
    return handover_of(file.siem, file.base, streams, teller, mark, clock)


@contextmanager
def telling(
    file: CentreFile, desk: Desk, book: Book, clock: Clock, failures: Failures
) -> Iterator[Callable[[], PromiseFinding] | None]:
    """Tells for as long as this lasts; gives what is to be looked at for the promise, None where [siem] names nobody.
    Stop, where [siem] is wrong."""
    if not file.siem.to:
        yield None
        return
    handover, ended = centre_handover(file, desk, book, clock), threading.Event()
    thread = threading.Thread(target=_tell, args=(handover, failures, ended), name=PART, daemon=True)
    thread.start()
    try:
        yield lambda: PromiseFinding(tuple(problem.text for problem in handover.problems()))
    finally:
        ended.set()
        thread.join(END_S)
        handover.close()


def _tell(handover: Handover, failures: Failures, ended: threading.Event) -> None:
    more = False
    while not ended.wait(0.0 if more else EVERY_S):
        more = False
        try:
            more = handover.turn()
            failures.works(PART)
        except (SQLAlchemyError, OSError) as error:
            _LOG.warning("the SIEM is told later: %s", error)
        except Exception as error:  # noqa: BLE001  it costs this turn
            failures.note(PART, error)
