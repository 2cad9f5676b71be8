"""What a node's start refuses of settings that can each be read: asked of the functions that make its parts.

For `bavn config check`. Nothing is opened, made or begun, and no file need be there: a port that is taken and a file
that is missing are places.py's. Refuses to stop at the first.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from bavn.actor.sense.base import SourceBroken
from bavn.app.config.check import Checked, Finding, place
from bavn.app.config.load import POLICY_TABLES, NodeConfig, read_policy
from bavn.app.config.sense import reads_logs, watches
from bavn.app.node.enforcers import squid_of, update_of
from bavn.app.node.protect import dataset_places, never_block, packet_filter_of, resolver_settled, zone_settings
from bavn.app.process.exits import Stop
from bavn.app.process.real import SystemClock
from bavn.model.settings import SettingsError
from bavn.model.text import Text

FORESEEN: Final = (Stop, SettingsError, SourceBroken)

Look = tuple[str, str, Callable[[], object]]
"""Table and setting at which what it raises is told."""


def refused(file: Path, checked: Checked) -> tuple[Finding, ...]:
    """All of it, each with its place; nothing of what may only follow from something that is told already."""
    if checked.role != "node" or checked.taken is None:
        return ()
    policy = {name: kind() for name, kind in POLICY_TABLES.items()}
    config = NodeConfig(base=file.resolve().parent, **checked.taken, **policy)
    findings: list[Finding] = []
    for table, name, look in (*_sensing(config), *_enforcing(config)):
        try:
            look()
        except FORESEEN as error:
            text = Text.of_error(error)
            if not checked.follows(text.en):
                at = place(file, table, name, checked.lines)
                findings.append(Finding(level="error", code="setting", place=at, text=text))
        except (ValueError, OSError):
            continue  # a path that is none, or is out of reach: places.py tells it
    return (*findings, *_of_policy(config))


def _of_policy(config: NodeConfig) -> Iterator[Finding]:
    """Of the policy beside it: a list of what is never blocked that cannot be read keeps a node from starting."""
    beside = config.base / config.node.policy_file
    try:
        policy = read_policy(beside)
    except SettingsError:
        return  # told where the policy itself is looked over
    try:
        never_block(replace(config, **policy))
    except SettingsError as error:
        yield Finding(level="error", code="setting", place=str(beside), text=Text.of_error(error))


def _sensing(config: NodeConfig) -> Iterator[Look]:
    given = config.sense
    if not watches(given):
        return
    from bavn.actor.sense.flows.exporters import Rates  # columns: not for a node that reads nothing
    from bavn.actor.sense.flows.receiver import Allowed
    from bavn.app.node.log_sources import certificate_of, form_and_path, listens, look_at_sender, look_at_zone
    from bavn.app.node.sources import room_for_socket

    if given.suricata_interface:
        yield "node", "folder", partial(room_for_socket, config)
    if reads_logs(given):
        yield "sense", "log_time_zone", partial(look_at_zone, given)
    for entry in given.log_files:
        yield "sense", "log_files", partial(form_and_path, config, entry)
    if listens(given):
        for sender in given.syslog_senders:
            yield "sense", "syslog_senders", partial(look_at_sender, sender)
        yield "sense", "syslog_tls_listen", partial(certificate_of, config)
    if given.netflow_listen or given.sflow_listen:
        for exporter in given.flow_exporters:
            yield "sense", "flow_exporters", partial(Allowed, (exporter,), "flow_exporters")
    if given.netflow_listen:
        for rate in given.flow_sampling:
            yield "sense", "flow_sampling", partial(Rates, (rate,))


def _enforcing(config: NodeConfig) -> Iterator[Look]:
    given = config.enforce
    if given.resolver_listen:
        yield "enforce", "resolver_listen", partial(resolver_settled, config)
    yield "enforce", "zone_listen", partial(zone_settings, given)
    if given.nft_hooks:
        yield "enforce", "nft_hooks", partial(packet_filter_of, config, SystemClock())
    if given.suricata_socket or given.suricata_folder:
        yield "enforce", "suricata_folder", partial(dataset_places, config)
    yield "enforce", "squid_command", partial(squid_of, config)
    yield "enforce", "update_server", partial(update_of, config)
