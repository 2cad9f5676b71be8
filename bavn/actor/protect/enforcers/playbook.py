"""A block or its end as an OpenC2 message (Language Specification 1.0) and as a CACAO 2.0 playbook that carries it.

A block is ``deny`` with the moment at which it stops; its end is ``cancel`` of that very command, so that a receiver
needs no memory of rules but of commands. Pure: identifiers and moments are handed in. Refuses to know who receives it.
"""

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from bavn.model.moment import SECOND_US
from bavn.model.observable import Observable, ObservableType

Form = Literal["openc2", "cacao", "both"]
CONTENT_TYPES: Final[dict[str, str]] = {
    "openc2": "application/openc2+json;version=1.0",
    "cacao": "application/cacao+json;version=2.0",
    "both": "application/json",
}
CARRIED: Final = frozenset({ObservableType.IP4, ObservableType.IP6, ObservableType.DOMAIN, ObservableType.SHA256})
_NETS: Final = {ObservableType.IP4: ("ipv4_net", 32), ObservableType.IP6: ("ipv6_net", 128)}
_MS_US: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``id``: a UUID, the same for every try. ``cancels``: the command that ends, "" for a block. ``until_us``: the
    block's end."""

    id: str
    observable: Observable
    indicator_id: str
    until_us: int
    cancels: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who says it: the actor's name; ``path``: where the receiver takes commands; ``url``: the whole of it."""

    actor: str
    url: str
    path: str


def body(command: Command, sender: Sender, now_us: int, form: Form) -> bytes:
    """What is posted: the message, the playbook, or both as members of one object."""
    message = openc2(command, sender, now_us)
    if form == "openc2":
        fields: dict[str, Any] = message
    else:
        playbook = cacao(command, sender, now_us, message)
        fields = playbook if form == "cacao" else {"openc2": message, "cacao": playbook}
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def openc2(command: Command, sender: Sender, now_us: int) -> dict[str, Any]:
    """The message: headers and one request."""
    request: dict[str, Any] = {"command_id": command.id, "args": {"response_requested": "complete"}}
    if command.cancels:
        request |= {"action": "cancel", "target": {"command": command.cancels}}
    else:
        request |= {"action": "deny", "target": _target(command.observable)}
        request["args"]["stop_time"] = command.until_us // _MS_US
    return {
        "headers": {"request_id": command.id, "created": now_us // _MS_US, "from": f"bavn/{sender.actor}"},
        "body": {"openc2": {"request": request}},
    }


def cacao(command: Command, sender: Sender, now_us: int, message: dict[str, Any]) -> dict[str, Any]:
    """The playbook: start, one action that posts the message to the receiver, end."""
    start, action, end, agent = (
        f"{kind}--{uuid.uuid5(uuid.UUID(command.id), kind)}" for kind in ("start", "action", "end", "http-api")
    )
    what, activity = ("Lift the block of", "revert-system") if command.cancels else ("Block", "restrict-access")
    name = f"{what} {command.observable}"
    posted = json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    playbook = {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": f"playbook--{command.id}",
        "name": name,
        "description": f"Shared indicator {command.indicator_id}, decided by the node of {sender.actor}.",
        "playbook_types": ["prevention"],
        "playbook_activities": [activity],
        "created_by": f"identity--{uuid.uuid5(uuid.NAMESPACE_DNS, sender.actor)}",
        "created": _stamp(now_us),
        "modified": _stamp(now_us),
        "labels": [command.indicator_id],
        "workflow_start": start,
        "workflow": {
            start: {"type": "start", "on_completion": action},
            action: {
                "type": "action",
                "name": name,
                "on_completion": end,
                "agent": agent,
                "commands": [
                    {
                        "type": "openc2-http",
                        "command": f"POST {sender.path} HTTP/1.1",
                        "headers": {"Content-Type": [CONTENT_TYPES["openc2"]]},
                        "content_b64": base64.b64encode(posted).decode("ascii"),
                        "playbook_activity": activity,
                    }
                ],
            },
            end: {"type": "end"},
        },
        "agent_definitions": {
            agent: {"type": "http-api", "name": "receiver of blocks", "address": {"url": [sender.url]}}
        },
    }
    if not command.cancels and command.until_us > now_us:
        playbook |= {"valid_from": _stamp(now_us), "valid_until": _stamp(command.until_us)}
    return playbook


def _target(observable: Observable) -> dict[str, Any]:
    if observable.type in _NETS:
        name, prefix = _NETS[observable.type]
        return {name: f"{observable.value}/{prefix}"}
    if observable.type is ObservableType.SHA256:
        return {"file": {"hashes": {"sha256": observable.value}}}
    return {"domain_name": observable.value}


def _stamp(us: int) -> str:
    """RFC 3339 in milliseconds, UTC."""
    moment = datetime.fromtimestamp(us // SECOND_US, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{us % SECOND_US // _MS_US:03d}Z"
