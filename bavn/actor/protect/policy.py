"""The actor's own policy for what may be done with a shared indicator: one record, each field with unit and default.

The default blocks by itself what the centre released, as long as own history says that nobody here would miss it; the
rest waits for a person. Refuses to know any indicator.
"""

from dataclasses import dataclass
from ipaddress import ip_network

from bavn.model.intel.radius import functions_of
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectPolicy:
    """``[protect]`` of the policy file. SettingsError for an own domain that is none."""

    automatic: bool = setting(default=True, holds="Block without asking a person; if false, every block waits for one.")
    log_proof: bool = setting(
        default=False,
        holds="A block waits for the proof that the centre's log holds its release, cosigned by this node and half of"
        " the members; without one, for a person. A round waits for that of its list of members, and the sector's kill"
        " switch for that of a turn off; turned on it waits for nothing.",
    )
    log_witnesses: tuple[str, ...] = setting(
        (),
        holds="Other members' keys as witnesses (`bavn node watch-centre` prints each its own): half of these must have"
        " cosigned. Without any, the centre's count is believed.",
    )
    block_days_max: int = setting(
        90, unit="days", holds="An indicator that is to last longer than this is refused.", low=1, high=365
    )
    confidence_min: int = setting(
        0, unit="of 100", holds="Below this confidence a block waits for a person.", low=0, high=100
    )
    clock_skew_s_max: int = 300
    """How far ahead of this node's clock an indicator's first moment may lie."""
    own_domains: tuple[str, ...] = setting(
        (), holds="The actor's own domains: they and all names below are never blocked."
    )
    never_block_file: str = setting(
        "", holds="Path of the never-block list (TOML); empty for the list that comes with Bavn."
    )
    dry_run_days: int = 30
    """How much own history a block is tried on before it is put into force."""
    dry_run_hosts_max: int = setting(
        20,
        unit="hosts",
        holds="A block that would have met more own hosts than this waits for a person.",
        low=0,
        high=100_000,
    )
    dry_run_hosts_permille_max: int = 200
    """The same, as a share of the own hosts that were seen at all."""
    dry_run_share_permille_max: int = setting(
        10,
        unit="permille",
        holds="A block that would cover more of the destinations in use than this waits for a person.",
        low=0,
        high=1000,
    )
    dry_run_small_max: int = 5
    """Up to so many, the two shares above do not count: one host in four is no crowd."""
    clinical_networks: tuple[str, ...] = setting(
        (),
        holds="Own networks of clinical equipment (CIDR): a block that would have met a host there waits for a person.",
    )
    function_networks: tuple[str, ...] = setting(
        (),
        holds='Own networks of critical functions, such as "imaging=10.20.0.0/16": what a block would hit is counted by'
        " function before a release (answer_radius). It changes no block here.",
    )
    rollback: bool = setting(default=True, holds="Lift a block by itself when it hits more than its dry run promised.")
    rollback_hosts_more_max: int = setting(
        10,
        unit="hosts",
        holds="A block is lifted when it hits this many more own hosts in an hour than its dry run saw in all.",
        low=0,
        high=100_000,
    )
    blocks_per_hour_max: int = setting(
        200, unit="blocks", holds="More new blocks than this in an hour wait for a person.", low=0, high=100_000
    )
    budget_share_permille_max: int = setting(
        20,
        unit="permille",
        holds="New blocks of one hour that together cover more of the destinations in use than this wait for a person.",
        low=0,
        high=1000,
    )
    in_force_share_permille_max: int = setting(
        50,
        unit="permille",
        holds="Blocks that nobody approved cover at most this share of the destinations; more wait for a person.",
        low=0,
        high=1000,
    )
    blocks_max: int = 100_000
    """The most blocks in force; one more waits for a person."""
    items_max: int = 200_000
    """The most indicators remembered; one more is refused."""
    remember_days: int = 400
    """How long an indicator's version is remembered after its end, so that an old one cannot be played again."""
    retro_days: int = setting(
        90, unit="days", holds="How far back own history is hunted for a new indicator.", low=1, high=3650
    )
    hunts_per_day_max: int = 1000
    """The most hunts of own history in 24 hours that shared indicators may cause."""
    seen_hours: int = 24
    """How far back alerts on shared indicators are counted."""
    seen_every_s: int = setting(60, unit="s", holds="How often alerts are looked through.", low=1, high=86400)
    sighting_every_s: int = 3600
    """A sighting is told at once when it is the first, then at most this often."""
    reconcile_s: int = 300
    """How often the enforcers are made true again although nothing changed."""
    retry_s: int = 5
    """How long to wait before an enforcer that was down is tried again."""

    def __post_init__(self) -> None:
        for text in self.clinical_networks:
            try:
                ip_network(text)
            except ValueError as error:
                raise SettingsError(
                    Text(
                        "protect.clinical_networks: {text} is no network ({error})",
                        text=repr(text),
                        error=Text.of_error(error),
                    )
                ) from error
        try:
            functions_of(self.function_networks)
        except ValueError as error:
            raise SettingsError(Text("protect.function_networks: {error}", error=Text.of_error(error))) from error
        for text in self.log_witnesses:
            if not _is_witness(text):
                raise SettingsError(Text("protect.log_witnesses: {text} is no key of a witness", text=repr(text)))
        for name in self.own_domains:
            try:
                Observable(ObservableType.DOMAIN, name)
            except NotCanonical as error:
                raise SettingsError(
                    Text("protect.own_domains: {name} is no domain in canonical form", name=repr(name))
                ) from error


def _is_witness(text: str) -> bool:
    from bavn.tlog.bad import BadLog
    from bavn.tlog.note import BY_WITNESS, key_of

    try:
        return key_of(text).kind == BY_WITNESS
    except BadLog:
        return False
