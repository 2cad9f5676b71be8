"""Is the node's clock right? Against the centre's, as its answer over HTTPS tells it, so that no network time is
needed; and against the records that come in. The part Key holders looks at theirs."""

from collections.abc import Iterable, Mapping
from typing import Final

from bavn.app.accept.check import (
    BOTH,
    NO_CENTRE,
    UNTESTED,
    AcceptanceTerms,
    Reading,
    Site,
    at_most,
    not_applicable,
    not_tested,
    sentence_of,
    value,
)
from bavn.app.accept.node_health import node_health
from bavn.app.config.load import CENTRE_KEYS
from bavn.model.health import ACCEPTED_CLOCK_OFF_S_MAX, CLOCK_OFF_S_MAX
from bavn.model.ports import Clock, LinkDown, LinkRefused
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text
from bavn.wire.links.https import Caller, LinkLimits, link_context
from bavn.wire.safe import Safe

QUICK: Final = LinkLimits(request_s=10.0, pull_s=10.0, connect_s=5.0)
HEALTH_PATH: Final = "/healthz"


def caller(url: str, safe: Safe, clock: Clock, who: str) -> Caller:
    """Asks a party as the enrolled node. Raises LinkRefused, OSError."""
    return Caller(url, link_context(safe, clock), QUICK, who=who, clock=clock)


_ACTS: Final[Mapping[str, Text]] = {
    UNTESTED: Text("Certificates and Reachability say who must act"),
    "": Text("The node's operator keeps this clock by NTP (chrony)"),
    "records": Text("The sensor's operator sets its clock by NTP"),
}


class ClockCheck:
    """See the module's text."""

    name = "clock"
    title = Text("Clock")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "centre": at_most(Text("offset from the centre"), ACCEPTED_CLOCK_OFF_S_MAX, "s", always=True),
            "records": at_most(
                Text("newest records ahead of this clock or behind it"),
                CLOCK_OFF_S_MAX,
                "s",
            ),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        given, folder = site.config.node, site.config.folder
        yield self._offset(site, given.centre_url, Safe(folder / CENTRE_KEYS))
        now = node_health(site.config, site.clock)
        offsets = [
            abs(one["clock_offset_s"])
            for one in (now or {}).get("sources", ())
            if one.get("clock_offset_s") is not None
        ]
        if offsets:
            yield value("records", max(offsets))
        else:
            yield not_applicable("records", Text("no live source tells the time"))

    @staticmethod
    def _offset(site: Site, url: str, safe: Safe) -> Reading:
        key = "centre"
        if not url:
            return not_tested(key, NO_CENTRE)
        try:
            asks = caller(url, safe, site.clock, "the centre")
        except OSError as error:
            return not_tested(key, sentence_of(error))
        except LinkRefused as error:
            return not_tested(key, sentence_of(error))
        try:
            asks.call("GET", HEALTH_PATH)
        except (LinkDown, LinkRefused) as error:
            if asks.skew_s is None:
                return not_tested(key, sentence_of(error))
        finally:
            asks.close()
        skew = asks.skew_s
        if skew is None:
            return not_tested(key, Text("the answer told no time"))
        ahead = Text("this node's clock is ahead") if skew > 0 else None
        behind = Text("this node's clock is behind") if skew < 0 else None
        return value(key, abs(skew), ahead or behind)
