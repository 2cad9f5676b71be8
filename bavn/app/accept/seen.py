"""Looks whether a block is in force, past the node: at what each configured enforcer leaves where others read it.

One function for each enforcer that can be looked at; the others are named, with the reason. Refuses to ask the node.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import dns.exception
import dns.message
import dns.query
import dns.rcode

from bavn.actor.protect.enforcers.nft_sets import Nft
from bavn.actor.protect.enforcers.squid_acl import ADDRESSES_FILE, NAMES_FILE
from bavn.actor.protect.enforcers.suricata_dataset import as_written
from bavn.actor.protect.enforcers.suricata_rules import DATASETS
from bavn.actor.protect.enforcers.textlist import ADDRESS_LIST, NAME_LIST
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata.command_socket import CommandSocket, SuricataRefused
from bavn.app.config.load import NodeConfig
from bavn.app.node.protect import command_socket
from bavn.app.node.zone_service import endpoint
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

Looks = Callable[[Observable], bool]
"""Whether an observable is refused there now; False where that cannot be seen at this moment."""
ASK_S: Final = 2.0
LIST_BYTES_MAX: Final = 1 << 28
_DOMAIN: Final = ObservableType.DOMAIN


def watchers(config: NodeConfig, observable: Observable) -> dict[str, Looks]:
    """Enforcer -> how to look, of those that are configured and can carry such an observable."""
    given, name = config.enforce, observable.type is _DOMAIN
    watches: dict[str, Looks] = {}
    if given.list_folder:
        file = config.path(given.list_folder) / (NAME_LIST if name else ADDRESS_LIST)
        watches["textlist"] = lambda blocked: stands_in(file, blocked.value)
    if given.squid_folder:
        squid = config.path(given.squid_folder) / (NAMES_FILE if name else ADDRESSES_FILE)
        watches["squid"] = lambda blocked: stands_in(squid, f".{blocked.value}" if name else blocked.value)
    if given.resolver_listen and name:
        zone = config.folder / "unbound" / "rpz.zone"
        watches["resolver"] = lambda blocked: in_zone(zone, blocked) and refused_at(given.resolver_listen[0], blocked)
    if given.zone_listen and name:
        transfer = config.folder / "transfer" / "rpz.zone"
        watches["zone"] = lambda blocked: in_zone(transfer, blocked)
    if given.nft_hooks and not name:
        watches["nftables"] = lambda blocked: in_kernel(given.nft_program, blocked)
    if given.suricata_folder or given.suricata_socket:
        socket = command_socket(config)
        if socket is not None:
            watches["suricata"] = lambda blocked: in_dataset(socket, blocked)
    return watches


def unseen(config: NodeConfig) -> Mapping[str, Text]:
    """Configured enforcers that nobody can look at from here, each with the reason."""
    times = {}
    if config.enforce.update_server:
        times["bind"] = Text("its zone is another server's")
    return times


def stands_in(file: Path, line: str) -> bool:
    """Whether a file has this line."""
    try:
        with file.open("rb") as opened:
            return line.encode() in opened.read(LIST_BYTES_MAX).splitlines()
    except OSError:
        return False


def in_zone(file: Path, observable: Observable) -> bool:
    """Whether a policy zone refuses the name."""
    try:
        with file.open("rb") as opened:
            lines = opened.read(LIST_BYTES_MAX).splitlines()
    except OSError:
        return False
    return any(line.split(b" ", 1)[0] == observable.value.encode() for line in lines)


def refused_at(listen: str, observable: Observable) -> bool:
    """Whether a resolver says that the name does not exist."""
    try:
        host, port = endpoint(listen)
        asked = dns.message.make_query(f"{observable.value}.", "A")
        return dns.query.udp(asked, host, port=port, timeout=ASK_S).rcode() == dns.rcode.NXDOMAIN
    except (OSError, ValueError, dns.exception.DNSException):
        return False


def in_kernel(program: str, observable: Observable) -> bool:
    """Whether the address is an element of our set."""
    name = "blocked6" if observable.type is ObservableType.IP6 else "blocked4"
    try:
        return observable.value in (Nft((program,)).elements(name) or {})
    except EnforcerDown:
        return False


def in_dataset(socket: Path, observable: Observable) -> bool:
    """Whether Suricata says that it is in our set."""
    name, form = DATASETS[observable.type]
    try:
        with closing(CommandSocket(socket)) as asks:
            asks.ask("dataset-lookup", setname=name, settype=form, datavalue=as_written(observable))
    except (SuricataRefused, SourceBroken):
        return False
    return True
