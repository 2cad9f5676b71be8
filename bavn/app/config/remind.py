"""``[remind]`` of centre.toml and node.toml: by what and whom a party tells its people. Empty: it tells nobody."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from bavn.model.catalogue import languages
from bavn.model.intel.indicator import Tlp
from bavn.model.intel.web_address import is_protected
from bavn.model.sector.member import ACTOR_NAME
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text

ADDRESS_CHARS_MAX = 254
"""RFC 5321's bound for an e-mail address; a webhook's has the same."""
NODE_ADDRESSES_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTable:
    """A mail server and one's own people, of whichever party. SettingsError for an address or a way that is none."""

    smtp_host: str = setting("", holds="Mail server; empty: no e-mail is sent.")
    smtp_port: int = setting(587, holds="Its port: 587 for STARTTLS, 465 for TLS.", low=1, high=65535)
    smtp_tls: str = setting("starttls", holds='"starttls" or "tls"; nothing is ever sent without.')
    smtp_ca_file: str = setting("", holds="Authority of its certificate (PEM); empty: the system's.")
    smtp_user: str = setting("", holds="User at the mail server; empty: none.")
    smtp_password_file: str = setting("", holds="File with the password, readable by its owner alone.")
    mail_from: str = setting("", holds="Sender's address.")
    mail_to: tuple[str, ...] = setting((), holds="Addresses of one's own people; they hear of everything.")
    language: str = setting("en", holds="Language of what is mailed: en or da.")

    def __post_init__(self) -> None:
        if self.smtp_tls not in ("starttls", "tls"):
            raise SettingsError(Text("remind.smtp_tls must be starttls or tls"))
        if self.language not in languages():
            raise SettingsError(Text("remind.language must be {named}", named=" or ".join(languages())))
        if self.smtp_host and not is_address(self.mail_from):
            raise SettingsError(Text("remind.mail_from must be an e-mail address"))
        for mail_to in self.mail_to:
            if not is_address(mail_to):
                raise SettingsError(Text("remind.mail_to: {one} is no e-mail address", one=repr(mail_to)))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRemindTable(MailTable):
    """``[remind]`` of node.toml. SettingsError also where somebody is named and no mail server, or the other way."""

    def __post_init__(self) -> None:
        MailTable.__post_init__(self)
        if bool(self.smtp_host) != bool(self.mail_to):
            raise SettingsError(Text("remind.smtp_host and remind.mail_to: set both, or neither"))
        if len(self.mail_to) > NODE_ADDRESSES_MAX:
            raise SettingsError(
                Text("remind.mail_to: at most {most} addresses; use a list of the mail server", most=NODE_ADDRESSES_MAX)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindTable(MailTable):
    """``[remind]`` of centre.toml. SettingsError also for a URL or a TLP that is none."""

    mail_to: tuple[str, ...] = setting((), holds="The centre's own addresses; they hear of every deadline.")
    mail_actors: tuple[str, ...] = setting(
        (), holds='"actor=address": where an actor\'s people hear of its own deadlines and of warnings.'
    )
    webhook_url: str = setting("", holds="https address that gets each reminder as JSON; empty: none.")
    webhook_secret_file: str = setting("", holds="File with the key of its signature (HMAC-SHA256).")
    webhook_ca_file: str = setting("", holds="Authority of its certificate (PEM); empty: the system's.")
    tlp_max: str = setting(
        "TLP:GREEN", holds="A reminder holds a task's own words only if its case is marked no stricter than this."
    )

    def __post_init__(self) -> None:
        MailTable.__post_init__(self)
        if self.tlp_max not in {tlp.value for tlp in Tlp}:
            raise SettingsError(Text("remind.tlp_max must be one of {named}", named=", ".join(Tlp)))
        for mail_actor in self.mail_actors:
            actor, _, address = mail_actor.partition("=")
            if not ACTOR_NAME.fullmatch(actor) or not is_address(address):
                raise SettingsError(Text('remind.mail_actors: {one} is no "actor=address"', one=repr(mail_actor)))
        if self.webhook_url:
            self._check_webhook()

    def _check_webhook(self) -> None:
        url = self.webhook_url
        at = urlsplit(url) if is_protected(url) and len(url) <= ADDRESS_CHARS_MAX else None
        if at is None or at.username or at.fragment:
            raise SettingsError(
                Text(
                    "remind.webhook_url must be an https address of at most {chars_max} characters, with neither user"
                    " nor fragment",
                    chars_max=ADDRESS_CHARS_MAX,
                )
            )
        if not self.webhook_secret_file:
            raise SettingsError(Text("remind.webhook_secret_file must name the key that signs what webhook_url gets"))

    @property
    def actors(self) -> tuple[tuple[str, str], ...]:
        """(actor, address)."""
        return tuple((actor, address) for actor, _, address in (one.partition("=") for one in self.mail_actors))


def is_address(text: str) -> bool:
    """Whether a mail server would take it as an e-mail address."""
    name, at, host = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not any(one in text for one in ' <>,;"\\()[]')
    return bool(at and name and "@" not in name and "." in host and plain and len(text) <= ADDRESS_CHARS_MAX)
