"""Why a line or a source was refused, for a person: a source counts reasons by their words, in English, and this reads
those back as a message and its facts, which is said in any language.

A reason that is not listed stays as it is (tests/app/test_reasons.py looks for those).
"""

import re
from functools import cache
from typing import Final

from bavn.model.text import Language, Text

CONTEXT: Final = "reason"

OF_A_FILE: Final = (
    "cannot be read ({why}): let the node's user read it",
    "cannot be opened ({why}): let the node's user read it",
    "cannot be listed ({why}): let the node's user read it",
    "cannot be written ({why}): let the node's user write it",
    "cannot be written ({why}): make room",
    "cannot be used ({why}): let the node's user write it",
    "is not there: is its name right?",
    "is a folder: name a file in it",
    "is no folder that can be read: name the one in which Zeek's conn.log is",
    "holds more than {most} files: name a smaller folder",
    "is neither a packet capture, nor EVE, nor a log of Zeek's or of another known program",
    "is packed by another program than gzip: unpack it first",
    "is Argus' own form: write it as text with its head (ra -n -c , -r FILE)",
    "has lost its first line, which names Argus' columns",
    "is text in UTF-16: write it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    "is a Zeek log without its head (#fields): the columns cannot be known; keep the lines that begin with #",
    "is no packet capture: it begins like neither pcap nor pcapng",
    "breaks off in its header: copy it again",
    "holds interfaces of different link types {what}: split it (tshark -F pcap)",
    (
        "was captured on a link of type {what}, which Suricata does not decode: capture on Ethernet, or rewrite it"
        " (editcap -T)"
    ),
    "is not installed: apt-get install {what}",
)
"""Behind the name of a file, a folder or a program, or alone."""

REASONS: Final = (
    # a file or a folder
    "there is no such file or folder",
    "the folder is empty",
    "the file is empty",
    "more than {most} files",
    "it holds no record that Bavn knows",
    "Argus' own form: write it as text with its head (ra -n -c , -r FILE)",
    "a document of more than {bytes} bytes",
    "a document that is broken off",
    "a document that is cut off",
    "it is too much for one look ({why}): give less at a time",
    "neither a packet capture, nor EVE, nor a log of Zeek's or of another known program",
    "a Zeek log without its head (#fields): the columns cannot be known; keep the lines that begin with #",
    "packed by another program than gzip: unpack it first",
    "text in UTF-16: write it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    "neither a file nor a folder (a socket, a pipe, a device)",
    "cannot be read on: {why}",
    "the gzip archive is cut off",
    "the gzip archive is damaged: {why}",
    "{left} of {bytes} bytes could not be read: {why}",
    "the capture is damaged",
    "rotated away while nobody read: the lines between are lost",
    "cut short in place and no copy found: the lines between may be lost",
    # a capture
    "a block breaks off",
    "a block is of an impossible length",
    "a packet breaks off",
    "a section is in no known byte order",
    "a packet breaks off or is of an impossible length",
    "it begins like neither pcap nor pcapng",
    "it breaks off in its header",
    "more than {most} in one capture",
    "Suricata's output was removed before all of it was kept: the rest of this capture is not read again",
    # Suricata
    "it has no number (sid)",
    "${what} is defined nowhere",
    "its number is taken by a rule of Bavn's own",
    "it is not UTF-8",
    "line {line} of {file}: it is not UTF-8",
    "its dataset is not in the set",
    "sid {what} names a file outside its set",
    "it runs a script",
    "it reads a file outside its set",
    "it writes a file outside its set",
    "it reaches into the sets of indicators that Bavn keeps",
    "it is longer than what Suricata reads as one line",
    "there is not one rule in it",
    "there is not one rule in it: {why}",
    "it is no archive of rules ({why})",
    "{left} of {all} rules fail: {why}",
    "{left} rules are left of {all}, more than a third less; if that is meant, say --accept-shrink",
    "{left} rules are left of {all}, more than a third less: {why}; if that is meant, say --accept-shrink",
    "Suricata cannot read it: {why}",
    "Suricata ended with status {what}: {why}",
    "Suricata was not done after {what} s: give it a smaller capture",
    "no place to work in {what} ({why})",
    "the rule file {what} cannot be read ({why})",
    "Suricata does not rotate its log: {why}",
    "Suricata on {interface} ended with status {status}: {why}. It is started again after {seconds} s",
    "Suricata on {what} does not keep up or hangs: it says nothing of itself any more",
    "it did not say why",
    "the disk under {what} is full: what Suricata writes is lost until there is room",
    "the interface {what} is gone: capture goes on when it is back",
    "there is no interface {what}: name one that `ip link` lists",
    "{bytes} bytes deleted unread: more than {most} were waiting",
    # a line
    "no JSON",
    "unreadable",
    "samples",
    "a packet of an impossible time",
    "no event_type",
    "no time",
    "not understood",
    "of no known program",
    "address",
    "port",
    "proto",
    "timestamp",
    "ts",
    "no UTF-8 at byte {what}",
    "a line of {bytes} bytes, more than {most}",
    "no line of squid's access.log",
    "no line of a common or combined log",
    "a line takes more memory to read than the engine may use",
    "takes more memory to read than the engine may use",
    # dnstap
    "a control frame of {bytes} bytes",
    "a frame of {bytes} bytes, more than {most}",
    "a number without an end",
    "cut off",
    "field {what} is no number",
    "field {what} is no text",
    "no dnstap message",
    "no possible time",
    "the last frame is cut off",
    "wire type {what}",
    "from a sender outside the own networks",
    "dnstap cannot be received at {what} ({why})",
    # flow records
    "a datagram that a sudden end cut off",
    "a datagram that breaks off",
    "a datagram that breaks off in its header",
    "a sender whom flow_exporters does not list",
    "a set of the reserved number {number}",
    "a set that is longer than its datagram or shorter than its head",
    "a template breaks off",
    "a template numbered {number}, below 256",
    "a template of records of {bytes} bytes, more than {most}",
    "a template of records without a byte",
    "a template of {what} fields, more than {most}",
    "counts more than a flow can be",
    "its template has not come",
    "more at once than the memory for reading holds",
    "more exporters than a node takes",
    "more than {most} templates of one domain",
    "more waiting than the memory for reading holds",
    "neither NetFlow v5, v9 nor IPFIX: version {version}",
    "not sFlow version 5: version {version}",
    "nothing can be received at {address}:{port} ({why})",
    "the spool cannot be written ({why})",
    "the state beside the spool is missing: what waited for its other half is lost",
    # syslog
    "a connection more than syslog_connections_max",
    "above syslog_lines_per_s_max",
    "an octet count above syslog_line_bytes_max",
    "cut off by the end of its connection",
    "from a sender that is not in syslog_senders",
    "half a message and no more: closed",
    "longer than syslog_line_bytes_max",
    "nothing for syslog_idle_s: closed",
    # key exchanges
    "a CRYPTO frame breaks off",
    "a frame breaks off",
    "a frame of type {what} in an Initial packet",
    "an ACK of more ranges than bytes",
    "a greeting without an end",
    "a list of KEXINIT breaks off",
    "no greeting among the first lines",
    "what follows the greeting is no KEXINIT",
    "a handshake message of {bytes} bytes",
    "it does not begin with a ClientHello",
    "what should be a TLS record is none",
    "a list of odd length",
    "breaks off at byte {what}",
    # the store, and the account of a source
    "before 1970 or after 9999",
    "later than the clock allows",
    "older than the store keeps",
    "other reasons",
)
"""Alone, or behind what they are of and a colon."""


def of_reason(english: str) -> Text:
    """A reason that was kept in English, as a message and its facts where it is known."""
    met = _met(english)
    if met is not None:
        return met
    kind, colon, detail = english.partition(": ")
    known = _met(kind) if colon else None
    if known is not None:
        return Text.shaped("{kind}: {detail}", kind=known, detail=of_reason(detail))
    for gap in re.finditer(":? ", english):
        rest = _met(english[gap.end() :])
        if rest is not None and gap.start() and (":" in gap[0] or rest.message in OF_A_FILE):
            return Text.shaped("{what}{gap}{rest}", what=english[: gap.start()], gap=gap[0], rest=rest)
    return Text.plain(english or "-")


def reason(english: str, language: Language) -> str:
    """A reason for a person to read."""
    return of_reason(english).say(language) if english else ""


def _met(english: str) -> Text | None:
    if english in _plain():
        return Text.documented(english, CONTEXT)
    for shape, message in _shapes():
        met = shape.fullmatch(english)
        if met:
            facts: dict[str, object] = dict(met.groupdict())
            last = [*facts][-1]
            return Text.documented(message, CONTEXT).filled(**facts | {last: of_reason(str(facts[last]))})
    return None


@cache
def _plain() -> frozenset[str]:
    return frozenset(message for message in (*OF_A_FILE, *REASONS) if "{" not in message)


@cache
def _shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with facts, the longest first, so that the one that says most is met first."""
    messages = [message for message in (*OF_A_FILE, *REASONS) if "{" in message]
    return tuple(
        (re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(message)), re.DOTALL), message)
        for message in sorted(messages, key=lambda message: (-len(message), message))
    )
