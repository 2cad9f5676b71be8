"""When a verdict ends and what it reaches, for whoever gives it. Refuses to give one."""

import datetime as dt
import re
from typing import Final

from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.sector.verdict import Verdict
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text

END_US_MAX: Final = 2**53
_LASTS = re.compile(r"(\d{1,4})([dh])")

NOT_REACHED: Final = Text(
    "matches of indicators (ioc) on the same host or peer stay: only a verdict on the match itself reaches them"
)


def reaches_no_indicator(suspicion: Suspicion, given: Verdict) -> bool:
    """Whether matches of indicators on the same stay as they are."""
    return (
        given.judgement != "true"
        and given.scope in ("host", "peer")
        and not (given.names_an_indicator and suspicion.detector == "ioc")
    )


def names_somebody(peer: str) -> bool:
    """Whether a peer is a domain, an address or a fingerprint, so that a verdict may cover it everywhere."""
    for kind in ObservableType:
        try:
            Observable.of(kind, peer)
        except (NotCanonical, ValueError):
            continue
        return True
    return False


def until_us(text: str, now_us: int) -> int | None:
    """The first moment after the end that was asked for. Stop for what is no end."""
    if not text:
        return None
    if lasts := _LASTS.fullmatch(text):
        return now_us + int(lasts[1]) * (DAY_US if lasts[2] == "d" else HOUR_US)
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise Stop(
            Exit.USAGE, Text("--until {text} is neither a day (2026-12-31) nor a time (30d, 12h)", text=repr(text))
        ) from error
    return min((day - dt.date(1970, 1, 1)).days * DAY_US + DAY_US, END_US_MAX)
