"""Settings of log-on by an identity provider (OpenID Connect)."""

from dataclasses import dataclass

from bavn.model.intel.web_address import is_protected
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcTable:
    """``[oidc]`` of centre.toml and node.toml: log-on to the console by an identity provider (docs/console.md)."""

    issuer: str = setting("", unit="", holds="https address of the provider, as it names itself; empty: none is used.")
    client_id: str = setting("", unit="", holds="The console's name at the provider.")
    client_secret_file: str = setting(
        "", unit="", holds="A file with the client secret alone, readable by its owner only; empty: a public client."
    )
    label: str = setting("", unit="", holds="What the sign-in page calls the provider; empty: its host.")
    scopes: tuple[str, ...] = setting(("openid", "profile", "email"), unit="", holds="Scopes that are asked for.")
    name_claim: str = setting(
        "preferred_username", unit="", holds="The claim with the person's name, as the audit log is to show it."
    )
    groups_claim: str = setting("groups", unit="", holds="The claim with the person's groups or roles.")
    roles: tuple[str, ...] = setting((), unit="", holds='"group=role": the roles that members of a group have here.')
    actors: tuple[str, ...] = setting(
        (), unit="", holds='"group=actor": the nodes that members of a group see; empty: everybody sees all.'
    )
    ca_file: str = setting("", unit="", holds="Authority of the provider's certificate (PEM); empty: the system's.")
    timeout_s: float = setting(10.0, unit="s", holds="How long the provider may take to answer.", low=1, high=60)

    def __post_init__(self) -> None:
        if self.issuer and not is_protected(self.issuer):
            raise SettingsError(Text("[oidc] {what} must begin with https://", what="issuer"))
