"""Settings of log-on by an identity provider (OpenID Connect)."""

from dataclasses import dataclass

from bavn.model.intel.web_address import is_protected
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcTable:
    """``[oidc]`` of centre.toml and node.toml: log-on to the console by an identity provider (docs/console.md)."""

    issuer: str = setting("", holds="https address of the provider, as it names itself; empty: none is used.")
    client_id: str = setting("", holds="The console's name at the provider.")
    client_secret_file: str = setting(
        "", holds="A file with the client secret alone, readable by its owner only; empty: a public client."
    )
    label: str = setting("", holds="What the sign-in page calls the provider; empty: its host.")
    scopes: tuple[str, ...] = setting(("openid", "profile", "email"), holds="Scopes that are asked for.")
    name_claim: str = setting(
        "preferred_username", holds="The claim with the person's name, as the audit log is to show it."
    )
    groups_claim: str = setting("groups", holds="The claim with the person's groups or roles.")
    roles: tuple[str, ...] = setting((), holds='"group=role": the roles that members of a group have here.')
    actors: tuple[str, ...] = setting(
        (), holds='"group=actor": the nodes that members of a group see; empty: everybody sees all.'
    )
    ca_file: str = setting("", holds="Authority of the provider's certificate (PEM); empty: the system's.")
    timeout_s: float = 10.0
    """How long the provider may take to answer."""

    def __post_init__(self) -> None:
        if self.issuer and not is_protected(self.issuer):
            raise SettingsError(Text("[oidc] {what} must begin with https://", what="issuer"))
