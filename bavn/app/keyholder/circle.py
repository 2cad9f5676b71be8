"""The other holders as one holder reaches them: mutual TLS to each, as the member of it that it was enrolled as.

Each holder has an authority of its own, and every other is its member ``holder-N``; so a peer is pinned when it is
enrolled, and whoever runs a holder lets each other one in by hand. Refuses to know what they say to each other.
"""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bavn.app.config.load import KeyHolderFile
from bavn.model.ports import Clock, LinkDown, LinkNonsense, LinkRefused
from bavn.model.sector.member import holder_name
from bavn.wire.enrol import renewal_due
from bavn.wire.keyholder import PostsAnswered, PostsAsked
from bavn.wire.links.at_once import at_once
from bavn.wire.links.enrolment import renew
from bavn.wire.links.holders import HolderLink
from bavn.wire.links.https import LinkLimits
from bavn.wire.safe import Safe

_LOG = logging.getLogger(__name__)
LIMITS: Final = LinkLimits(request_s=5.0, connect_s=2.0)


def peer_folder(file: KeyHolderFile, number: int) -> Path:
    """Where this holder keeps its keys and certificate for another one."""
    return file.folder / f"keys-{holder_name(number)}"


def peers_of(file: KeyHolderFile) -> dict[int, str]:
    """The addresses of the others, by number; none for a holder that is alone."""
    return {number: url for number, url in enumerate(file.threshold.holders, 1) if number != file.threshold.number}


class EnrolledCircle:
    """Implements Circle (keyholder/making.py). One that this holder is not enrolled at yet is silent to it."""

    def __init__(self, file: KeyHolderFile, clock: Clock) -> None:
        self._urls, self._clock, self._number = peers_of(file), clock, file.threshold.number
        self._safes = {number: Safe(peer_folder(file, number)) for number in self._urls}
        self._links = {
            number: HolderLink(number, url, self._safes[number], clock, LIMITS) for number, url in self._urls.items()
        }

    def keys(self) -> Mapping[int, Ed25519PublicKey]:
        keys = ((number, link.key) for number, link in self._links.items())
        return {number: key for number, key in keys if key is not None}

    def with_own(self, own: Ed25519PublicKey) -> dict[int, Ed25519PublicKey]:
        """All holders' message keys."""
        return {**self.keys(), self._number: own}

    def ask(self, requests: Mapping[int, PostsAsked], bytes_max: int) -> Mapping[int, PostsAnswered | None]:
        answers = at_once(
            {
                number: partial(self._links[number].call, "/v1/posts", request, PostsAnswered, bytes_max)
                for number, request in requests.items()
            }
        )
        by_holder: dict[int, PostsAnswered | None] = {}
        for number, answer in answers.items():
            if not isinstance(answer, PostsAnswered | LinkDown | LinkRefused):
                raise answer
            if isinstance(answer, LinkRefused):
                _LOG.warning("holder %d refuses this one: %s", number, answer)
            if isinstance(answer, PostsAnswered | LinkNonsense):
                by_holder[number] = answer if isinstance(answer, PostsAnswered) else None
        return by_holder

    def renew(self) -> None:
        """Fetches the next certificate of each that is due; one that cannot be had is tried again the next time."""
        for number, safe in self._safes.items():
            if safe.enrolled and renewal_due(safe.certificate.read_text(), self._clock.now_us()):
                try:
                    renew(self._urls[number], safe, LIMITS)
                except (LinkDown, LinkRefused) as error:
                    _LOG.warning("the certificate for holder %d waits to be renewed: %s", number, error)

    def close(self) -> None:
        for link in self._links.values():
            link.close()
