"""What an operator may set of the detectors. Apart from them, so that reading a configuration loads no detector."""

from dataclasses import dataclass
from ipaddress import ip_network

from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSettings:
    """What an operator may set of the detectors ([detect] of the node's configuration)."""

    allowed_scanners: tuple[str, ...] = setting(
        (), holds="Own addresses or networks (CIDR) that scan by order, such as vulnerability scanners."
    )
    known_long: tuple[str, ...] = setting(
        (),
        holds="Own or outside addresses or networks (CIDR) with connections that stay open by order: jump hosts, VPN,"
        " remote support.",
    )
    home_domains: tuple[str, ...] = setting(
        (),
        holds="Own domains beside those of the directory, which are learned from its traffic: names under them are"
        " inside, weigh less, and are never offered to the sector.",
    )
    candidates_max: int = 2000
    """The strangest candidates of one detector that become suspicions."""
    calls_kept_max: int = 4096
    """Calls of one pair that the beacon detector looks at, the latest."""
    rows_part_max: int = 5_000_000
    """Rows grouped at a time; more are taken in parts by host."""

    def __post_init__(self) -> None:
        for name in ("allowed_scanners", "known_long"):
            for text in getattr(self, name):
                try:
                    ip_network(text, strict=False)
                except ValueError as error:
                    raise SettingsError(
                        Text("{name}: {text} is no address or network", name=name, text=repr(text))
                    ) from error
        for domain in self.home_domains:
            if not _is_domain(domain):
                raise SettingsError(
                    Text(
                        "home_domains: {domain} is no domain in small letters, such as example.org", domain=repr(domain)
                    )
                )


def _is_domain(text: str) -> bool:
    try:
        return Observable.of(ObservableType.DOMAIN, text).value == text
    except (NotCanonical, ValueError):
        return False
