"""Are the sensor's rules loaded, whole, and not too old?"""

from collections.abc import Iterable, Mapping
from typing import Final

from bavn.app.accept.check import (
    BOTH,
    NOT_RUNNING,
    AcceptanceTerms,
    Reading,
    Site,
    at_least,
    at_most,
    none_of,
    not_applicable,
    not_tested,
    value,
)
from bavn.app.accept.node_health import node_health
from bavn.app.node.sources import rule_folder
from bavn.model.moment import DAY_US
from bavn.model.sector.acceptance_protocol import Measure
from bavn.model.text import Text

AGE_DAYS_MAX: Final = 30
_NO_SURICATA: Final = Text("this node runs no Suricata of its own")
_NOT_LIVE: Final = Text("Suricata reads captures here and loads its rules anew for each")
_NOT_ASKED: Final = Text("Suricata has not said yet what it loaded")
_ACTS: Final[Mapping[str, Text]] = {
    "": Text("The node's operator: bavn node rules check, then bavn node rules update"),
}


class RuleCheck:
    """See the module's text."""

    name = "rules"
    title = Text("Rules")
    kinds = BOTH
    acts = _ACTS

    def measures(self, _: AcceptanceTerms, /) -> Mapping[str, Measure]:
        return {
            "loaded": at_least(Text("rules loaded"), 1),
            "failed": none_of(Text("rules that Suricata does not take")),
            "age": at_most(Text("age of the set that was fetched"), AGE_DAYS_MAX, "days"),
        }

    def run(self, site: Site) -> Iterable[Reading]:
        given = site.config.sense
        if not (given.suricata_interface or given.captures_folder):
            return [not_applicable(key, _NO_SURICATA) for key in ("loaded", "failed", "age")]
        return [*self._loaded(site), self._age(site)]

    @staticmethod
    def _loaded(site: Site) -> list[Reading]:
        if not site.config.sense.suricata_interface:
            return [not_applicable(key, _NOT_LIVE) for key in ("loaded", "failed")]
        now = node_health(site.config, site.clock)
        if now is None:
            return [not_tested(key, NOT_RUNNING) for key in ("loaded", "failed")]
        if now["rules"].get("loaded") is None:
            return [not_tested(key, _NOT_ASKED) for key in ("loaded", "failed")]
        return [value("loaded", int(now["rules"]["loaded"])), value("failed", int(now["rules"]["failed"]))]

    @staticmethod
    def _age(site: Site) -> Reading:
        if not site.config.rules.sources:
            return not_applicable("age", Text("no set of rules is fetched here"))
        try:
            made_us = int(rule_folder(site.config).rules.stat().st_mtime * 1_000_000)
        except OSError:
            return not_tested(
                "age",
                Text("none was fetched yet: bavn node rules update"),
            )
        return value("age", max(0, site.clock.now_us() - made_us) // DAY_US)
