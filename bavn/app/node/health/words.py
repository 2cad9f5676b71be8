"""What a node's figures of itself are called, in both languages: each kind of loss and each count that a source tells.

Refuses to say what is too much (vitals.py does).
"""

from typing import Final

from bavn.app.process.danish import danish
from bavn.model.text import Language, Text

LOSSES: Final[dict[str, Text]] = {
    "capture_drops": Text("packets dropped before the sensor saw them", "pakker tabt, før sensoren så dem"),
    "kernel_drops": Text("dropped by the kernel before the node took them", "tabt af kernen, før noden tog dem"),
    "agent_drops": Text("dropped by the switch before it sampled them", "tabt af switchen, før den udtog dem"),
    "datagrams_cut": Text("cut off on the way in", "skåret over på vej ind"),
    "flow_memory_full": Text("flows left out for want of memory", "forbindelser udeladt af mangel på hukommelse"),
    "set_aside": Text(
        "in damaged files of the store, which were set aside", "i beskadigede filer i lageret, som blev lagt til side"
    ),
    "never_kept": Text(
        "that the store could take in no form and left out", "som lageret ikke kunne tage i nogen form og udelod"
    ),
    "passed_over": Text(
        "passed over, since reading failed there again and again",
        "sprunget over, da læsning slog fejl der igen og igen",
    ),
    "spool_deleted": Text(
        "in files of the queue that were deleted before they were read",
        "i filer i køen, som blev slettet, før de var læst",
    ),
    "spool_damaged": Text("lost in a damaged spool", "tabt i en beskadiget kø"),
    "unread_deleted": Text("bytes of log deleted unread", "bytes log slettet ulæst"),
    "queue_full": Text("left out because the queue was full", "udeladt, fordi køen var fuld"),
    "stream_gaps": Text("holes in TCP connections", "huller i TCP-forbindelser"),
    "sequence_gap": Text("missing by their sequence numbers", "mangler ifølge deres løbenumre"),
    "sequence_gap_v5": Text("missing by NetFlow v5's numbers", "mangler ifølge NetFlow v5's løbenumre"),
    "sequence_gap_v9": Text("missing by NetFlow v9's numbers", "mangler ifølge NetFlow v9's løbenumre"),
    "sequence_gap_ipfix": Text("missing by IPFIX' numbers", "mangler ifølge IPFIX' løbenumre"),
}
COUNTS: Final[dict[str, Text]] = {
    "capture_packets": Text("packets captured", "pakker opsamlet"),
    "clock_off_datagrams": Text("datagrams with a clock that is off", "datagrammer med et forkert ur"),
    "connections": Text("connections", "forbindelser"),
    "dropped": Text("dropped", "tabt"),
    "exporter_restarts": Text("restarts of exporters", "genstarter af eksportører"),
    "exporters": Text("exporters", "eksportører"),
    "late_datagrams": Text("late datagrams", "sene datagrammer"),
    "no_captures": Text("files in the folder that are no captures", "filer i mappen, der ikke er pakkeopsamlinger"),
    "open_flows": Text("open flows", "åbne forbindelser"),
    "receive_buffer_bytes": Text("bytes of receive buffer", "bytes modtagebuffer"),
    "received_datagrams": Text("datagrams received", "datagrammer modtaget"),
    "received_messages": Text("messages received", "beskeder modtaget"),
    "recent_loss_permille": Text("‰ lost in the last interval", "‰ tabt i seneste interval"),
    "refused_messages": Text("messages refused", "beskeder afvist"),
    "restarts": Text("restarts", "genstarter"),
    "running": Text("running", "kører"),
    "samplers": Text("samplers", "samplere"),
    "senders": Text("senders", "afsendere"),
    "silent_s": Text("s silent", "s tavs"),
    "strangers_datagrams": Text("datagrams of strangers", "datagrammer fra fremmede"),
    "templates": Text("templates", "skabeloner"),
    "told_twice_flows": Text("flows told by two exporters", "forbindelser meldt af to eksportører"),
    "waiting_bytes": Text("bytes waiting", "bytes venter"),
    "waiting_for_template": Text("waiting for a template", "venter på en skabelon"),
    "waiting_records": Text("records waiting", "poster venter"),
}
UNITS: Final[dict[str, Text]] = {
    "packets": Text("packets", "pakker"),
    "flows": Text("flows", "forbindelser"),
    "datagrams": Text("datagrams", "datagrammer"),
    "messages": Text("messages", "beskeder"),
    "lines": Text("lines", "linjer"),
    "bytes": Text("bytes", "bytes"),
    "records": Text("records", "poster"),
    "connections": Text("connections", "forbindelser"),
}


def loss(what: str) -> Text:
    """A kind of loss; its own word where nobody named it."""
    plain = what.replace("_", " ")
    return LOSSES.get(what, Text(plain, plain))


def counts(figures: dict[str, int], language: Language) -> str:
    """A source's other figures in one line."""
    return ", ".join(f"{_count(name).say(language)}: {value}" for name, value in figures.items())


def _count(name: str) -> Text:
    kind, colon, why = name.partition(": ")
    if colon and kind == "refused":
        return Text(name, f"afvist: {danish(why)}")
    plain = name.replace("_", " ")
    return COUNTS.get(name, Text(plain, plain))
