"""``[siem]`` of node.toml and centre.toml: what is told to the SIEM of one's own people, how and where."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bavn.model.catalogue import languages
from bavn.model.intel.web_address import is_protected
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text

TRANSPORTS: Final = ("file", "syslog", "elastic")
FORMS: Final = ("ecs", "cef")
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "file": ("events_file",),
    "syslog": ("server",),
    "elastic": ("url", "index"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiemTable:
    """``[siem]``: one receiver, inside one's own organisation."""

    to: str = setting("", holds='"file", "syslog" or "elastic"; empty: nothing is told.')
    form: str = setting("ecs", holds='"ecs" or "cef"; the last to a file or by syslog.')
    kinds: tuple[str, ...] = setting(
        (),
        holds="What is told: suspicion, sighting, block, health, ledger at a node; lead, case, release, health, audit"
        " at a centre; empty: all of it.",
    )
    suspicions: str = setting("alert", holds='Suspicions above the actor\'s "alert" line, or "all" of them.')
    events_file: str = setting("", holds="File that gets one event a line; older ones stand beside it.")
    server: str = setting("", holds="HOST:PORT of a receiver of syslog over TLS (RFC 5425), port 6514 say.")
    url: str = setting("", holds="https address of the cluster.")
    index: str = setting("", holds="Elastic's or OpenSearch's index or data stream.")
    authorization_file: str = setting(
        "", holds='File with the header "Authorization" alone: "ApiKey ..." or "Basic ...".'
    )
    ca_file: str = setting("", holds="Authority of the receiver's certificate (PEM); empty: the system's.")
    client_certificate_file: str = setting("", holds="Certificate shown to the receiver (PEM); empty: none.")
    client_key_file: str = setting("", holds="Key of that certificate (PEM).")
    language: str = setting("en", holds="Language of the sentences: en or da.")

    def __post_init__(self) -> None:
        if self.to not in ("", *TRANSPORTS):
            raise SettingsError(Text("siem.to must be one of {named}", named=", ".join(TRANSPORTS)))
        if self.form not in FORMS:
            raise SettingsError(Text("siem.form must be one of {named}", named=", ".join(FORMS)))
        if self.form == "cef" and self.to == "elastic":
            raise SettingsError(Text("siem.form: elastic takes ecs"))
        if self.suspicions not in ("alert", "all"):
            raise SettingsError(Text("siem.suspicions must be alert or all"))
        if self.language not in languages():
            raise SettingsError(Text("siem.language must be {named}", named=" or ".join(languages())))
        missing = [name for name in NEEDS.get(self.to, ()) if not getattr(self, name)]
        if missing:
            raise SettingsError(Text("siem.{name} must be set to send to {to}", name=missing[0], to=self.to))
        if self.to == "syslog":
            _ = self.address
        if self.url:
            _check(self.url)

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


def _check(url: str) -> None:
    """https, or http on loopback, with nothing secret in it. SettingsError."""
    try:
        at = urlsplit(url)
        safe = is_protected(url)
        whole = bool(at.hostname) and (at.port or 1) > 0
    except ValueError:
        safe = whole = False
    if not (safe and whole) or at.username or at.password or at.query or at.fragment or not url.isascii():
        raise SettingsError(Text("siem.url must be an https address; plain http goes to this machine itself only"))
