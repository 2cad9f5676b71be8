"""Settings of a console: where it is served, for whom, and how much one person may ask for."""

from dataclasses import dataclass

from bavn.model.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleTable:
    """``[console]`` of centre.toml and node.toml: the console in a browser and its API (docs/console.md)."""

    listen: str = setting(
        "127.0.0.1:8450",
        holds="address:port of the console (in node.toml 127.0.0.1:8451); TLS is needed for any but loopback.",
    )
    address: str = setting(
        "", holds="What people type, such as https://console.example.org; empty: localhost and the port it listens on."
    )
    certificate_file: str = setting("", holds="Its TLS certificate with chain (PEM); empty: no TLS.")
    key_file: str = setting("", holds="The private key to it (PEM).")
    trusted_proxies: tuple[str, ...] = setting(
        (), holds="Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed."
    )
    idle_minutes: int = setting(
        60, unit="minutes", holds="A log-on that nobody uses for so long ends.", low=1, high=1440
    )
    session_hours: int = setting(
        12, unit="hours", holds="A log-on ends after so long whatever is done.", low=1, high=168
    )
    requests_per_minute: int = 1800
    """Of one person or token."""
    failures_per_minute: int = 60
    """Without a valid log-on, from one address."""
    logons_per_minute: int = 120
    """Attempts to log on from one address."""
    body_kb_max: int = 2048
    """The longest body that is taken in."""
    connections_max: int = 600
    """Connections at once, live events among them."""
    live_max: int = 256
    """Pages that hear live events at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConsoleTable(ConsoleTable):
    """``[console]`` of node.toml: an actor's own console has a port of its own, since both may run on one machine."""

    listen: str = setting(
        "127.0.0.1:8451", holds="address:port of the console; TLS is needed for any but a loopback address."
    )
