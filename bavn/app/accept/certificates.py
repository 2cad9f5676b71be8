"""Do the node's certificates fit: issued by the pinned authority, for this name and these keys, and long enough left?
And are its secrets its own user's alone?"""

import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bavn.app.accept.check import (
    BOTH,
    NO_CENTRE,
    AcceptanceTerms,
    Reading,
    Site,
    at_least,
    must,
    not_tested,
    value,
    yes,
)
from bavn.app.accept.clock import without_keyholder
from bavn.app.config.load import CENTRE_KEYS, KEYHOLDER_KEYS
from bavn.model.health import CERTIFICATE_DAYS_MIN
from bavn.model.moment import DAY_US
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.wire.enrol import answers, ends_us
from bavn.wire.safe import Safe

_WHO: Final = {"centre": Text.in_context("accept certificates", "the centre"), "keyholder": Text("the key holder")}
_KEYS: Final = ("chain", "days", "private")
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator enrols anew with a token from the centre: bavn node enrol"),
    "keyholder_chain": Text(
        "The node's operator enrols anew with a token from the key holder: bavn node enrol --keyholder"
    ),
    "keyholder_days": Text(
        "The node's operator enrols anew with a token from the key holder: bavn node enrol --keyholder"
    ),
    "centre_private": Text("The node's operator takes others' rights away: chmod 700 on the folder, 600 on the keys"),
    "keyholder_private": Text(
        "The node's operator takes others' rights away: chmod 700 on the folder, 600 on the keys"
    ),
}


class CertificateCheck:
    """See the module's text."""

    name = "certificates"
    title = Text("Certificates and keys")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        measures: dict[str, Measure] = {}
        for party, who in _WHO.items():
            always = party == "centre"
            measures |= {
                f"{party}_chain": must(
                    Text("issued by the authority of {who}, for this actor and these keys", who=who),
                    always=always,
                ),
                f"{party}_days": at_least(
                    Text("left of the certificate from {who}", who=who),
                    CERTIFICATE_DAYS_MIN,
                    "days",
                    always=always,
                ),
                f"{party}_private": must(
                    Text("keys for {who} readable by their owner alone", who=who),
                    always=always,
                ),
            }
        return measures

    def run(self, site: Site) -> Iterable[Reading]:
        given, folder = site.config.node, site.config.folder
        yield from self._party(site, "centre", given.centre_url, Safe(folder / CENTRE_KEYS))
        yield from self._party(site, "keyholder", given.keyholder_url, Safe(folder / KEYHOLDER_KEYS))

    @staticmethod
    def _party(site: Site, party: str, url: str, safe: Safe) -> Iterator[Reading]:
        if not url:
            for key in _KEYS:
                if party == "centre":
                    yield not_tested(f"{party}_{key}", NO_CENTRE)
                else:
                    yield without_keyholder(f"{party}_{key}", site.config.node)
            return
        if not safe.enrolled:
            for key in _KEYS:
                yield not_tested(f"{party}_{key}", Text("not enrolled: bavn node enrol"))
            return
        fits, left = fitting(safe, site.config.node.actor, site.clock.now_us())
        yield yes(f"{party}_chain", is_so=fits)
        yield value(f"{party}_days", left)
        modes = [stat.S_IMODE(file.stat().st_mode) for file in (safe.folder, *safe.folder.glob("*.key.pem"))]
        yield yes(f"{party}_private", is_so=not any(mode & 0o077 for mode in modes))


def fitting(safe: Safe, actor: str, now_us: int) -> tuple[bool, int]:
    """Whether a certificate is of the pinned authority, for this actor and these keys; and how many days are left."""
    try:
        certificate, keys = safe.certificate.read_text(encoding="ascii"), safe.keys()
        fits = keys.actor == actor and answers(keys, certificate, safe.authority.read_text(encoding="ascii"))
        return fits, (ends_us(certificate) - now_us) // DAY_US
    except (OSError, ValueError, TypeError):
        return False, 0
