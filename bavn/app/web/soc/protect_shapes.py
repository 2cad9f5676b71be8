"""What protection says: blocks, switches, enforcers, dry runs, the never-block list. Refuses to do anything."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from bavn.actor.protect.enforcers.textlist import ADDRESS_LIST, IP4_LIST, IP6_LIST, NAME_LIST
from bavn.app.config.enforce import EnforceTable
from bavn.app.web.frame import TextShape
from bavn.app.web.rule_shapes import RuleShape
from bavn.app.web.soc.shapes import Frozen
from bavn.app.web.soc.suspected_shapes import KnownInSectorShown
from bavn.model.text import Text


class SwitchShown(Frozen):
    """A kill switch: while it is on, nothing is in force."""

    on: bool
    by: str
    why: str


class Enforcer(Frozen):
    """What puts blocks into force. ``holds`` None: not known, since the node does not run or has not said yet."""

    name: str
    says: TextShape
    holds: bool | None


class FirewallList(Frozen):
    """One list that a firewall reads: where it is, an address to fetch or a file on the node's machine."""

    holds: TextShape
    at: str


class FirewallLists(Frozen):
    """All that the rule of a new firewall needs. ``says``: what the firewall does with them, what it must show, how
    long they grow; the token itself is never said."""

    lists: list[FirewallList]
    says: list[TextShape]


class Protection(Frozen):
    """``counts`` by standing; ``waiting``: what people asked the node for that it has not done yet; ``automatic``: the
    policy blocks without asking a person; ``lists`` null: none are written here."""

    own: SwitchShown
    sector: SwitchShown
    blocked: int
    counts: dict[str, int]
    running: bool
    enforcers: list[Enforcer]
    lists: FirewallLists | None
    waiting: list[TextShape]
    automatic: bool


class BlockShort(Frozen):
    """An indicator as it stands here. ``says``: why. ``state``: what was last told of it; ``held``:
    it was lifted here, so later versions wait for a person. ``by``: who approved it; empty: the node alone. ``left``:
    what somebody asked of it that waits for the running node."""

    id: str
    type: str
    value: str
    act: str
    standing: str
    rule: str
    says: TextShape | None
    until_us: int
    decided_us: int
    held: bool
    by: str
    state: str
    enforcers: list[str]
    not_carried: list[str]
    forced_us: int | None
    version: int
    left: TextShape | None


class Met(Frozen):
    """Where it was met here: blocked, seen or retro (the hunt of own history)."""

    kind: str
    count: int
    first_us: int | None
    last_us: int | None


class RollbackShown(Frozen):
    """``on``: the node lifts it by itself when it hits more than ``hosts_max`` own hosts in an hour; it hit
    ``hosts_hit`` in the last one."""

    on: bool
    hosts_hit: int
    hosts_max: int


class Block(BlockShort):
    """With all that is known of it. ``bundle``: STIX, as it came; ``tried``: its dry run; ``would_break``: what a block
    of it would break, where that is known: a person reads it before they approve. ``rules``: it as a rule for the
    tool in which you work (Suricata, Sigma, KQL, SPL, EQL); they watch, and block nothing. ``acts``: what may be done
    about it now."""

    bundle: str
    met: list[Met]
    tried: dict[str, Any]
    rollback: RollbackShown
    would_break: TextShape | None
    rules: list[RuleShape]
    acts: list[Literal["approve", "lift"]]


class DryRunRequest(BaseModel):
    """A domain, an address, type:value or an indicator's id. ``days`` 0: as many as the policy says."""

    what: str = Field(min_length=1, max_length=320)
    days: int = Field(default=0, ge=0, le=3650)


class ServiceBehind(Frozen):
    """Something in use that a block would take away. ``known``: the lists that know it."""

    kind: str
    what: str
    hosts: int
    count: int
    known: str


class CriticalHostShown(Frozen):
    """An own machine that a block would hit and that patients or many others depend on: ``clinical`` by its traffic's
    role or its network; ``roles`` in words, empty where its network alone says so."""

    host: str
    names: list[str]
    roles: list[TextShape]
    clinical: bool


class DryRunShown(Frozen):
    """Where a dry run stands, and what it found. ``rule`` empty: it would go into force at once, as far as history and
    lists have a say; ``days`` 0: there is no history. ``next_door``: how many of the sector know it, where known.
    ``critical``: which of ``named_hosts`` are; ``roles_known`` false: no survey of own hosts is there yet."""

    id: str
    state: Literal["running", "done", "failed", "cancelled"]
    refused: TextShape | None
    says: TextShape | None
    services: list[ServiceBehind]
    type: str = ""
    value: str = ""
    asked_days: int = 0
    days: int = 0
    hits: int = 0
    hosts: int = 0
    clinical: int = 0
    destinations: int = 0
    first_us: int | None = None
    last_us: int | None = None
    background_hosts: int = 0
    background_destinations: int = 0
    named_hosts: list[str] = Field(default_factory=list)
    critical: list[CriticalHostShown] = Field(default_factory=list)
    roles_known: bool = False
    rule: str = ""
    next_door: KnownInSectorShown | None = None


class NeverEntry(Frozen):
    """An entry of the never-block list. ``covers``: tree (all below it), name, or network. ``table``: where it stands;
    by_hand: people here added it, and ``why``, ``by`` and ``at_us`` say more."""

    covers: str
    value: str
    table: str
    why: str = ""
    by: str = ""
    at_us: int | None = None


class Touched(Frozen):
    """An indicator in which a change of the list has a say."""

    id: str
    type: str
    value: str
    standing: str
    act: str


class NeverDraft(Frozen):
    """What a change would do. ``values``: as they would stand. ``lifted``: in force now, and lifted at once; ``held``:
    waits for a person, and could no longer be approved; ``freed``: refused or lifted because of these entries, and
    open again to a newer version or to a person's approval. Of each kind the first 100, beside how many there are."""

    act: Literal["add", "remove"]
    covers: str
    values: list[str]
    lifted: list[Touched]
    lifted_count: int
    held: list[Touched]
    held_count: int
    freed: list[Touched]
    freed_count: int


class Listed(Frozen):
    """Whether the never-block list forbids a value; None: it does not."""

    value: str
    table: str | None


_ENFORCERS: Final[tuple[tuple[str, str, Text], ...]] = (
    ("list_folder", "textlist", Text("lists for firewalls and proxies")),
    ("resolver_listen", "rpz", Text("the node's own resolver")),
    ("zone_listen", "rpz_transfer", Text("a zone that own resolvers fetch")),
    ("nft_hooks", "nft_sets", Text("this machine's packet filter")),
    ("suricata_socket", "suricata_dataset", Text("the sensor's lists")),
    ("squid_folder", "squid_acl", Text("the proxy squid")),
    ("update_server", "bind_update", Text("the name server BIND")),
)
_TURNED: Final[dict[str, Text]] = {
    "approve": Text("an approval"),
    "lift": Text("a lift"),
    "kill": Text("the kill switch on"),
    "revive": Text("the kill switch off"),
}


def enforcers_of(given: EnforceTable) -> list[tuple[str, Text]]:
    """The enforcers that a node's configuration names."""
    enforcers = [(name, says) for field, name, says in _ENFORCERS if getattr(given, field)]
    named = {name for name, _ in enforcers}
    if given.suricata_folder and "suricata_dataset" not in named:
        enforcers.append(next((name, says) for _, name, says in _ENFORCERS if name == "suricata_dataset"))
    return enforcers


_RULE: Final = Text(
    "Make a rule that drops what goes to or comes from what the list names, and let it read the list anew each minute."
)
_FILES: Final = Text(
    "They lie as files on the node's machine and are not served: whoever runs it sets {setting} in node.toml.",
    setting="[enforce] list_listen",
)
_TOKEN: Final = Text(
    "The firewall must show a token; whoever runs the machine has it ({setting}).", setting="[enforce] list_token"
)
_ANY_ADDRESS: Final = Text(
    "They are served on every address of the machine: put one that the firewall reaches in its place."
)
_LISTS: Final[tuple[tuple[str, Text], ...]] = (
    (ADDRESS_LIST, Text("addresses, IPv4 and IPv6")),
    (IP4_LIST, Text("IPv4 addresses alone")),
    (IP6_LIST, Text("IPv6 addresses alone")),
    (NAME_LIST, Text("names")),
)


def lists_of(given: EnforceTable, folder: Path) -> FirewallLists | None:
    """Where a new firewall finds the lists of a node's configuration; None where none are written. ``folder``: theirs,
    whole."""
    if not given.list_folder:
        return None
    served = given.list_listen
    bounds = Text(
        "They never grow beyond {addresses:,} addresses and {names:,} names: see that the firewall reads as many.",
        addresses=given.list_addresses_max,
        names=given.list_names_max,
    )
    says = [_RULE, *(_asked_of(given) if served else [_FILES]), bounds]
    return FirewallLists(
        lists=[
            FirewallList(holds=TextShape.of(holds), at=f"http://{served}/{file}" if served else str(folder / file))
            for file, holds in _LISTS
        ],
        says=[TextShape.of(sentence) for sentence in says],
    )


def _asked_of(given: EnforceTable) -> list[Text]:
    """What a firewall that fetches them must show, and where it asks."""
    says = [Text("The firewall need show no token.")]
    if given.list_token:
        says = [_TOKEN]
    if _everywhere(given.list_listen):
        says.append(_ANY_ADDRESS)
    return says


def _everywhere(listen: str) -> bool:
    try:
        return ip_address(listen.rpartition(":")[0].strip("[]")).is_unspecified
    except ValueError:
        return False


def turned(act: str, by: str) -> Text:
    """What a person asked the node for."""
    what = _TURNED.get(act, Text.plain(act))
    return Text("{what}, asked by {by}, waits for the running node", what=what, by=by)
