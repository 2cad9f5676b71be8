"""Every table of centre.toml, and who reads it."""

from typing import Any, Final

from bavn.app.config.console import ConsoleTable
from bavn.app.config.exchange import ExchangeTable
from bavn.app.config.fanout import FanoutTable
from bavn.app.config.join import JoinTable
from bavn.app.config.load import PlaceTable
from bavn.app.config.misp import MispTable
from bavn.app.config.oidc import OidcTable
from bavn.app.config.publish import PublishTable
from bavn.app.config.remind import RemindTable
from bavn.app.config.siem import SiemTable
from bavn.centre.cases.indicators.indicator import IndicatorSettings
from bavn.centre.cases.settings import CaseSettings
from bavn.centre.correlate.settings import ScoreSettings
from bavn.centre.correlate.tier import CommonsSettings, Tier
from bavn.centre.node.config import CentreLimits
from bavn.model.node_health import NodeBounds
from bavn.model.sector.intel import IntelSettings

CENTRE_TABLES: Final[dict[str, type[Any]]] = {
    "place": PlaceTable,
    "join": JoinTable,
    "exchange": ExchangeTable,
    "centre": CentreLimits,
    "cases": CaseSettings,
    "nodes": NodeBounds,
    "remind": RemindTable,
    "score": ScoreSettings,
    "indicators": IndicatorSettings,
    "tiers.A": Tier,
    "commons": CommonsSettings,
    "intelligence": IntelSettings,
    "misp.NAME": MispTable,
    "console": ConsoleTable,
    "oidc": OidcTable,
    "publish": PublishTable,
    "fanout": FanoutTable,
    "siem": SiemTable,
}
