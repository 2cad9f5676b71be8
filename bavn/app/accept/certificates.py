"""Does the node's certificate for the centre fit: issued by the pinned authority, for this name and these keys, and
long enough left? And are its secrets its own user's alone?"""

import stat
from collections.abc import Iterable, Mapping
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
from bavn.app.config.load import CENTRE_KEYS
from bavn.model.health import CERTIFICATE_DAYS_MIN
from bavn.model.moment import DAY_US
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.wire.enrol import answers, ends_us
from bavn.wire.safe import Safe

_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator enrols anew with a token from the centre: bavn node enrol"),
    "centre_private": Text("The node's operator takes others' rights away: chmod 700 on the folder, 600 on the keys"),
}


class CertificateCheck:
    """See the module's text."""

    name = "certificates"
    title = Text("Certificates and keys")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "centre_chain": must(
                Text("issued by the authority of the centre, for this actor and these keys"), always=True
            ),
            "centre_days": at_least(
                Text("left of the certificate from the centre"), CERTIFICATE_DAYS_MIN, "days", always=True
            ),
            "centre_private": must(Text("keys for the centre readable by their owner alone"), always=True),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        url, safe = site.config.node.centre_url, Safe(site.config.folder / CENTRE_KEYS)
        if not url or not safe.enrolled:
            why = Text("not enrolled: bavn node enrol") if url else NO_CENTRE
            yield from (not_tested(f"centre_{key}", why) for key in ("chain", "days", "private"))
            return
        fits, left = fitting(safe, site.config.node.actor, site.clock.now_us())
        yield yes("centre_chain", is_so=fits)
        yield value("centre_days", left)
        modes = [stat.S_IMODE(file.stat().st_mode) for file in (safe.folder, *safe.folder.glob("*.key.pem"))]
        yield yes("centre_private", is_so=not any(mode & 0o077 for mode in modes))


def fitting(safe: Safe, actor: str, now_us: int) -> tuple[bool, int]:
    """Whether a certificate is of the pinned authority, for this actor and these keys; and how many days are left."""
    try:
        certificate, keys = safe.certificate.read_text(encoding="ascii"), safe.keys()
        fits = keys.actor == actor and answers(keys, certificate, safe.authority.read_text(encoding="ascii"))
        return fits, (ends_us(certificate) - now_us) // DAY_US
    except (OSError, ValueError, TypeError):
        return False, 0
