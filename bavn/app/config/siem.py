"""``[siem]`` of node.toml and centre.toml: what is told to the SIEM of one's own people, how and where."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bavn.model.catalogue import languages
from bavn.model.intel.web_address import is_protected
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text

TRANSPORTS: Final = ("file", "syslog", "elastic", "splunk", "sentinel")
FORMS: Final = ("ecs", "ocsf", "cef")
OBJECTS_ALONE: Final = ("elastic", "sentinel")
"""Receivers of JSON objects: CEF is text."""
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "file": ("events_file",),
    "syslog": ("server",),
    "elastic": ("url", "index"),
    "splunk": ("url", "authorization_file"),
    "sentinel": ("url", "token_url", "client_id", "client_secret_file", "rule_id", "stream"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiemTable:
    """``[siem]``: one receiver, inside one's own organisation."""

    to: str = setting("", unit="", holds='"file", "syslog", "elastic", "splunk" or "sentinel"; empty: nothing is told.')
    form: str = setting("ecs", unit="", holds='"ecs", "ocsf" or "cef"; the last to a file, by syslog or to Splunk.')
    kinds: tuple[str, ...] = setting(
        (),
        unit="",
        holds="What is told: suspicion, sighting, block, health, ledger at a node; lead, case, release, health, audit"
        " at a centre; empty: all of it.",
    )
    suspicions: str = setting("alert", unit="", holds='Suspicions above the actor\'s "alert" line, or "all" of them.')
    events_file: str = setting("", unit="", holds="File that gets one event a line; older ones stand beside it.")
    file_bytes_max: int = setting(
        100_000_000, unit="bytes", holds="A new file is begun above this.", low=100_000, high=10_000_000_000
    )
    files_max: int = setting(5, unit="files", holds="Older files that are kept.", low=0, high=100)
    server: str = setting("", unit="", holds="HOST:PORT of a receiver of syslog over TLS (RFC 5425), port 6514 say.")
    url: str = setting("", unit="", holds="https address of the cluster, of the collector or of Azure's endpoint.")
    index: str = setting(
        "", unit="", holds="Elastic's or OpenSearch's index or data stream; Splunk's, where not the token's."
    )
    authorization_file: str = setting(
        "", unit="", holds='File with the header "Authorization" alone: "ApiKey ...", "Basic ..." or "Splunk ...".'
    )
    token_url: str = setting(
        "", unit="", holds="Sentinel: https address of the tenant's tokens, ending in /oauth2/v2.0/token."
    )
    client_id: str = setting("", unit="", holds="Sentinel: the application that may send.")
    client_secret_file: str = setting("", unit="", holds="Sentinel: file with its secret alone.")
    rule_id: str = setting("", unit="", holds="Sentinel: immutable id of the data collection rule.")
    stream: str = setting("Custom-Bavn_CL", unit="", holds="Sentinel: stream of that rule.")
    ca_file: str = setting("", unit="", holds="Authority of the receiver's certificate (PEM); empty: the system's.")
    client_certificate_file: str = setting("", unit="", holds="Certificate shown to the receiver (PEM); empty: none.")
    client_key_file: str = setting("", unit="", holds="Key of that certificate (PEM).")
    batch_max: int = setting(200, unit="events", holds="Events handed over at once.", low=1, high=2000)
    every_s: int = setting(5, unit="s", holds="How often it is looked for something to tell.", low=1, high=3600)
    language: str = setting("en", unit="", holds="Language of the sentences: en, da or sv.")

    def __post_init__(self) -> None:
        if self.to not in ("", *TRANSPORTS):
            raise SettingsError(Text("siem.to must be one of {named}", named=", ".join(TRANSPORTS)))
        if self.form not in FORMS:
            raise SettingsError(Text("siem.form must be one of {named}", named=", ".join(FORMS)))
        if self.form == "cef" and self.to in OBJECTS_ALONE:
            raise SettingsError(Text("siem.form: {to} takes ecs or ocsf", to=self.to))
        if self.suspicions not in ("alert", "all"):
            raise SettingsError(Text("siem.suspicions must be alert or all"))
        if self.language not in languages():
            raise SettingsError(Text("siem.language must be {named}", named=" or ".join(languages())))
        missing = [name for name in NEEDS.get(self.to, ()) if not getattr(self, name)]
        if missing:
            raise SettingsError(Text("siem.{name} must be set to send to {to}", name=missing[0], to=self.to))
        if self.to == "syslog":
            _ = self.address
        for name in ("url", "token_url"):
            if getattr(self, name):
                _check(name, getattr(self, name))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of ``server``. SettingsError."""
        try:
            at = urlsplit(f"//{self.server}")
            host, port = at.hostname, at.port
        except ValueError:
            host, port = None, None
        if not host or not port or at.path or at.username:
            raise SettingsError(Text("siem.server: {server} is no HOST:PORT", server=repr(self.server[:80])))
        return host, port


def _check(name: str, url: str) -> None:
    """https, or http on loopback, with nothing secret in it. SettingsError."""
    try:
        at = urlsplit(url)
        safe = is_protected(url)
        whole = bool(at.hostname) and (at.port or 1) > 0
    except ValueError:
        safe = whole = False
    if not (safe and whole) or at.username or at.password or at.query or at.fragment or not url.isascii():
        raise SettingsError(
            Text("siem.{name} must be an https address; plain http goes to this machine itself only", name=name)
        )
