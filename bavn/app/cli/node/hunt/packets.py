"""`bavn node packets`: what two machines said to each other, read here, or the packets as a file.

Refuses to guess whose packets are meant; the ledger holds a line of each use.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.node import packets as acts
from bavn.app.acts.node.here import Here
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken
from bavn.app.cli.node.hunt.show import visible
from bavn.app.cli.person import needs, of_act
from bavn.app.cli.spread import spread, typed
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.whole_file import write_whole
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.actor.door.suspicions import Ranked


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose packets, where no suspicion says it."""

    host: Annotated[str, typer.Option(help="Packets of this machine of one's own.")] = ""
    peer: Annotated[str, typer.Option(help="Only those between it and this address.")] = ""
    flow: Annotated[
        str, typer.Option(help="Only this flow of the two: tcp/40000/443, the host's port before the peer's.")
    ] = ""
    from_: Annotated[str, typer.Option("--from", help="From this time on: 2026-11-24T16:30 (UTC).")] = ""
    to: Annotated[str, typer.Option("--to", help="Until this time (UTC); without it as long as a flow lasts.")] = ""


@spread
def packets(
    suspicion: Annotated[str, typer.Argument(help="The beginning of a suspicion's id; without it --host.")] = "",
    config: Config = NODE_TOML,
    *,
    wanted: Wanted,
    pcap: Annotated[Path | None, typer.Option(help="Write them to this file instead of reading them.")] = None,
    as_json: AsJson = False,
    by: Annotated[str, of_act(acts.packets_read)] = "",
    language: Spoken = "en",
) -> None:
    """Read what was said in the packets of a suspicion, a host or one flow, or write them to a file (--pcap).

    HTTP, DNS, the hellos of TLS and SMB are read; the rest is text, or bytes as hex. With nothing named it says what is
    kept.
    """
    here = Here(config)
    if not suspicion and not wanted.host:
        _say_kept(here, language)
        return
    if pcap is not None and pcap.exists():
        raise Stop(Exit.USAGE, Text("{file} exists: name a new file", file=pcap))
    entry = _entry(here, suspicion)
    body = _body(entry, wanted)
    if pcap is not None:
        needs(by, acts.packets_pcap.right)
        content, taken = acts.packets_pcap(here, by, body, entry, pcap.name)
        _write(pcap, content, more=taken.more, language=language)
        return
    reading = acts.packets_read(here, by, body, lambda request: _ask(config, request))
    if as_json:
        print(json.dumps(reading, ensure_ascii=False))
        return
    for talk in reading["conversations"]:
        _say(talk, language)
    if reading["more"]:
        print(Text("There are more packets than were read: ask about less time, or one flow.").say(language))


def _entry(here: Here, suspicion: str) -> "Ranked | None":
    if not suspicion:
        return None
    from bavn.app.analyst.suspected import one_named

    with here.asks() as book:
        return one_named(book, suspicion)


def _body(entry: "Ranked | None", wanted: Wanted) -> acts.PacketsRequest:
    if entry is not None:
        return typed(acts.PacketsRequest, suspicion=entry.suspicion.id)
    from bavn.actor.hunt.span import SpanUnclear, moment

    try:
        first_us = moment(wanted.from_) if wanted.from_ else 0
        last_us = moment(wanted.to) if wanted.to else None
    except SpanUnclear as error:
        raise Stop(Exit.USAGE, Text.of_error(error)) from error
    proto, ports = "", [0, 0]
    if wanted.flow:
        proto, _, rest = wanted.flow.partition("/")
        ports = [int(part) for part in rest.split("/") if part.isdecimal() and len(part) < 6]
        if len(ports) != 2 or proto not in ("tcp", "udp") or not wanted.peer:
            raise Stop(Exit.USAGE, Text("--flow is tcp/40000/443 or udp/40000/53, with --host and --peer"))
    return typed(
        acts.PacketsRequest,
        host=wanted.host,
        peer=wanted.peer,
        proto=proto,
        host_port=ports[0],
        peer_port=ports[1],
        from_us=first_us,
        to_us=last_us,
    )


def _ask(config: Path, request: dict[str, Any]) -> dict[str, Any]:
    from bavn.app.analyst.hunt_child import answer

    reading = answer({"config": str(config), "kind": "packets", **request})
    if "stop" in reading:
        raise Stop(Exit(reading["stop"]), reading["reason"])
    return reading


def _say_kept(here: Here, language: Language) -> None:
    from bavn.app.analyst.packets.kept import kept_at

    kept = kept_at(here.config())
    print(kept.says.say(language))
    if kept.oldest_us is not None and kept.newest_us is not None:
        times = Text(
            "There are {size:,} bytes now, in files of {first} to {last}.",
            size=kept.bytes,
            first=iso(kept.oldest_us)[:16],
            last=iso(kept.newest_us)[:16],
        )
        print(times.say(language))
    print(kept.next.say(language))


def _say(talk: dict[str, Any], language: Language) -> None:
    head = f"{talk['client']}:{talk['client_port']} - {talk['server']}:{talk['server_port']} {talk['proto']}"
    print(f"\n{head} ({talk['protocol']})")
    for turn in talk["turns"]:
        way = ">" if turn["client"] else "<"
        print(f"{iso(turn['at_us'])[11:23]} {way} {visible(turn['head'])}")
        for line in turn["lines"]:
            print(f"             {way}   {visible(line)}")
        if turn["hidden"]:
            print(f"             {way}   {Text('{count:,} bytes more', count=turn['hidden']).say(language)}")
    if talk["more"]:
        print(Text("More was said than is shown, or a part of it is missing.").say(language))


def _write(target: Path, content: bytes, *, more: bool, language: Language) -> None:
    """After the ledger's line: what was handed over is on record, whatever happens here."""
    try:
        write_whole(target, content, mode=0o600, new=True)
    except OSError as error:
        raise Stop(Exit.USAGE, Text("{file} cannot be written ({why})", file=target, why=error.strerror)) from error
    says = Text(
        "{target}: {size:,} bytes, {how}; sha256 {digest}; the ledger holds it (bavn node ledger)",
        target=target,
        size=len(content),
        how=Text("as it is, unredacted"),
        digest=hashlib.sha256(content).hexdigest(),
    )
    print(says.say(language))
    if more:
        print(Text("There are more: these are the newest that fit.").say(language))
