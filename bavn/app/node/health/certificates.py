"""Certificates of a node that end: read from where they are kept, and what is an alarm.

Refuses to renew any: node_service does.
"""

from collections.abc import Mapping
from pathlib import Path

from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS, NodeConfig
from bavn.app.process.problem import Problem
from bavn.model.counted import days as counted_days
from bavn.model.health import ends_soon
from bavn.model.moment import DAY_US
from bavn.model.text import Text
from bavn.wire.enrol import ends_us
from bavn.wire.safe import Safe

PARTIES = {
    "centre": (CENTRE_KEYS, Text("the centre"), "bavn node enrol"),
}


def _party(name: str) -> tuple[str, Text, str]:
    """The folder of a party's keys, what it is called, and how one enrols there. ``name``: of PARTIES, or
    ``keyholder-N``."""
    if name in PARTIES:
        return PARTIES[name]
    number = name.removeprefix("keyholder-")
    who = Text("key holder {number}", number=number)
    return f"{KEYHOLDER_KEYS}-{number}", who, f"bavn node enrol --keyholder --holder {number}"


def ends_of(config: NodeConfig) -> dict[str, int]:
    """When this node's certificates end, in us since 1970, by party; 0 for a file that holds none. What is not there
    is left out: the node does not start without."""
    ends, given = {}, config.node
    holders = {f"keyholder-{number}": url for number, (url, _) in given.key_holders.items()}
    for party, url in {"centre": given.centre_url, **holders}.items():
        certificate: Path = Safe(config.folder / _party(party)[0]).certificate
        try:
            if url:
                ends[party] = ends_us(certificate.read_text(encoding="ascii"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            ends[party] = 0
    return ends


def certificate_problems(ends: Mapping[str, int], now_us: int) -> list[Problem]:
    """One for each that has ended, or ends before the node should have renewed it."""
    problems = []
    for party, end_us in ends.items():
        _, who, again = _party(party)
        if end_us <= now_us:
            text = Text(
                "the certificate from {who} has ended: with a new token, `{again}` into an empty folder of keys",
                who=who,
                again=again,
            )
            problems.append(Problem(code="certificate_ended", source=party, text=text))
        elif ends_soon(end_us, now_us):
            days = (end_us - now_us) // DAY_US
            text = Text(
                "the certificate from {who} ends in {days} and could not be renewed: is {who} reached?",
                who=who,
                days=counted_days(days),
            )
            problems.append(Problem(code="certificate_ends", source=party, text=text))
    return problems
