"""A field of a Sigma rule as the store has it: SQL, and what kind of value it is. Refuses to know any log source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["text", "name", "number", "address", "truth", "list", "moment"]
"""``name``: a text that the store keeps in lower case. ``list``: texts, of which any may match."""


@dataclass(frozen=True, slots=True)
class Field:
    """``sqls``: usually one; where a field has several spellings, any of them may match. ``note``: how it differs
    from what the rule's author had, "" if it does not."""

    kind: Kind
    sqls: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a log source is here. ``relation``: SQL of rows with the common columns; ``fields`` by lower-case name;
    ``words``: the text columns that a keyword without a field is looked for in; ``lowered``: which columns of the
    relation hold the lower-case form of which; ``by_row``: False where a row's columns come from other rows too."""

    table: str
    relation: str
    fields: Mapping[str, Field]
    words: tuple[str, ...]
    name_column: str = ""
    shown: tuple[str, ...] = ()
    note: str = ""
    lowered: Mapping[str, str] = field(default_factory=dict)
    by_row: bool = True


def text(sql: str, note: str = "") -> Field:
    """A text as it was seen."""
    return Field("text", (sql,), note)


def name(sql: str, note: str = "") -> Field:
    """A text that is kept in lower case."""
    return Field("name", (sql,), note)


def number(sql: str, note: str = "") -> Field:
    """A number."""
    return Field("number", (sql,), note)


def address(sql: str) -> Field:
    """A stored address."""
    return Field("address", (sql,))


def truth(sql: str, note: str = "") -> Field:
    """True or false."""
    return Field("truth", (sql,), note)


SRC, DST = address("src"), address("dst")
SRC_PORT, DST_PORT = number("src_port"), number("dst_port")
PROTO = name("proto")

_ENDS: Final[tuple[tuple[Field, str], ...]] = (
    (SRC, "id.orig_h src_ip srcip sourceip c-ip src source.ip clientip client_ip"),
    (SRC_PORT, "id.orig_p src_port srcport sourceport c-port source.port"),
    (DST, "id.resp_h dst_ip dstip dest_ip destinationip s-ip r-ip dst destination.ip cs-ip"),
    (DST_PORT, "id.resp_p dst_port dstport dest_port destinationport s-port r-port destination.port"),
    (PROTO, "proto protocol"),
    (text("community_id"), "community_id"),
    (Field("moment", ("ts",)), "ts timestamp @timestamp"),
)
COMMON: Final[dict[str, Field]] = {spelling: one for one, names in _ENDS for spelling in names.split()}
"""Fields that every log source has, in the spellings of Zeek, SigmaHQ, W3C and Suricata."""
