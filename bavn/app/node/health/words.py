"""What a node's figures of itself are called, in both languages: each kind of loss and each count that a source tells.

Refuses to say what is too much (vitals.py does).
"""

from typing import Final

from bavn.model.text import Language, Text

LOSSES: Final[dict[str, Text]] = {
    "capture_drops": Text("packets dropped before the sensor saw them"),
    "kernel_drops": Text("dropped by the kernel before the node took them"),
    "agent_drops": Text("dropped by the switch before it sampled them"),
    "datagrams_cut": Text("cut off on the way in"),
    "flow_memory_full": Text("flows left out for want of memory"),
    "set_aside": Text("in damaged files of the store, which were set aside"),
    "manifest": Text("which list the store's files, and were made again from these (the old ones lie in damaged/)"),
    "segments_unread": Text("of the store that could not be read; they lie in damaged/"),
    "never_kept": Text("that the store could take in no form and left out"),
    "passed_over": Text("passed over, since reading failed there again and again"),
    "spool_deleted": Text("in files of the queue that were deleted before they were read"),
    "spool_damaged": Text("lost in a damaged spool"),
    "unread_deleted": Text("bytes of log deleted unread"),
    "queue_full": Text("left out because the queue was full"),
    "stream_gaps": Text("holes in TCP connections"),
    "sequence_gap": Text("missing by their sequence numbers"),
    "sequence_gap_v5": Text("missing by NetFlow v5's numbers"),
    "sequence_gap_v9": Text("missing by NetFlow v9's numbers"),
    "sequence_gap_ipfix": Text("missing by IPFIX' numbers"),
}
COUNTS: Final[dict[str, Text]] = {
    "capture_packets": Text("packets captured"),
    "clock_off_datagrams": Text("datagrams with a clock that is off"),
    "connections": Text("connections"),
    "dropped": Text("dropped"),
    "exporter_restarts": Text("restarts of exporters"),
    "exporters": Text("exporters"),
    "late_datagrams": Text("late datagrams"),
    "no_captures": Text("files in the folder that are no captures"),
    "open_flows": Text("open flows"),
    "receive_buffer_bytes": Text("bytes of receive buffer"),
    "received_datagrams": Text("datagrams received"),
    "received_messages": Text("messages received"),
    "recent_loss_permille": Text("‰ lost in the last interval"),
    "refused_messages": Text("messages refused"),
    "restarts": Text("restarts"),
    "running": Text("running"),
    "suricata_release": Text.plain("Suricata"),
    "samplers": Text("samplers"),
    "senders": Text("senders"),
    "silent_s": Text("s silent"),
    "strangers_datagrams": Text("datagrams of strangers"),
    "templates": Text("templates"),
    "told_twice_flows": Text("flows told by two exporters"),
    "waiting_bytes": Text("bytes waiting"),
    "waiting_for_template": Text("waiting for a template"),
    "waiting_records": Text("records waiting"),
}
UNITS: Final[dict[str, Text]] = {
    "packets": Text("packets"),
    "flows": Text("flows"),
    "datagrams": Text("datagrams"),
    "messages": Text("messages"),
    "lines": Text("lines"),
    "bytes": Text("bytes"),
    "records": Text("records"),
    "connections": Text("connections"),
    "files": Text("files"),
    "manifests": Text("manifests"),
}


def loss(what: str) -> Text:
    """A kind of loss; its own word where nobody named it."""
    plain = what.replace("_", " ")
    return LOSSES.get(what, Text.plain(plain))


def counts(figures: dict[str, int], language: Language) -> str:
    """A source's other figures in one line."""
    return ", ".join(f"{_count(name).say(language)}: {value}" for name, value in figures.items())


def _count(name: str) -> Text:
    kind, colon, why = name.partition(": ")
    if colon and kind == "refused":
        return Text("refused: {why}", why=Text.of_row(why))
    plain = name.replace("_", " ")
    return COUNTS.get(name, Text.plain(plain))
