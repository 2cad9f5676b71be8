"""The words of the commands' own screens in Danish and English: headings of tables, figures as each language writes
them, and the option that chooses. Refuses to hold a sentence about the network: those are made where the fact is known.

JSON and CSV are the same in every language: machines and manuals read them.
"""

from typing import Annotated, Final

import typer

from bavn.app.process.spoken import Spoken as Language
from bavn.model.catalogue import marks
from bavn.model.text import Number, Text

Spoken = Annotated[
    Language, typer.Option("--language", envvar="BAVN_LANGUAGE", help="Language of sentences and headings.")
]

HEADINGS: Final[dict[str, Text]] = {
    "act": Text("act"),
    "actor": Text("actor"),
    "action": Text("action"),
    "blocks": Text("blocks"),
    "blocked": Text("what stands in the way"),
    "at": Text("when"),
    "by": Text("by"),
    "approved by": Text("approved by"),
    "asked by": Text("asked by"),
    "bytes": Text("bytes"),
    "case": Text("case"),
    "cells": Text.in_context("cli words", "cells"),
    "class": Text("class"),
    "confidence": Text("confidence"),
    "covers": Text.in_context("cli words", "covers"),
    "column": Text("column"),
    "comment": Text("comment"),
    "day": Text("day"),
    "detector": Text("detector"),
    "element": Text("element"),
    "elements": Text.in_context("cli words", "elements"),
    "epsilon": Text("epsilon"),
    "file": Text("file"),
    "first": Text.in_context("cli words", "first"),
    "folder": Text("folder"),
    "health": Text("health"),
    "kept apart": Text("kept apart by"),
    "memory": Text("memory"),
    "owes": Text("owes"),
    "running": Text("running"),
    "first seen": Text("first seen"),
    "from": Text("from"),
    "function": Text("function"),
    "gate": Text("gate"),
    "gives": Text("gives"),
    "holds": Text("holds"),
    "host": Text("host"),
    "hosts": Text("hosts"),
    "id": Text("id"),
    "indicator": Text("indicator"),
    "last": Text("last"),
    "last seen": Text("last seen"),
    "line": Text("line"),
    "looks for": Text("looks for"),
    "met": Text.in_context("cli words", "met"),
    "name": Text("name"),
    "named": Text("named"),
    "may block": Text("may block"),
    "observable": Text("observable"),
    "pap": Text("PAP"),
    "partner": Text("partner"),
    "received": Text("received"),
    "tlp": Text("TLP"),
    "nats": Text("nats"),
    "needs": Text("needs"),
    "number": Text("number"),
    "on": Text("on"),
    "organisations": Text.in_context("cli words", "organisations"),
    "os": Text("system"),
    "outcome": Text("outcome"),
    "owed": Text("next deadline"),
    "own": Text("own"),
    "p": Text("p"),
    "peer": Text("peer"),
    "peers": Text("peers"),
    "rank": Text("rank"),
    "reason": Text("reason"),
    "others shown": Text("others that hold it"),
    "rev": Text("rev"),
    "role": Text("role"),
    "rows": Text("rows"),
    "rule": Text("rule"),
    "says": Text("says"),
    "scope": Text("scope"),
    "services": Text("services"),
    "share": Text("post-quantum"),
    "sid": Text("sid"),
    "gid": Text("gid"),
    "days of 14": Text("days of 14"),
    "in the sector": Text("in the sector"),
    "since": Text("since"),
    "span": Text("span"),
    "sql": Text("SQL"),
    "state": Text("state"),
    "standing": Text("state"),
    "suspicion": Text("suspicion"),
    "table": Text("table"),
    "tables": Text("tables"),
    "technique": Text("technique"),
    "tier": Text("tier"),
    "total": Text("handshakes"),
    "to": Text.in_context("cli words", "to"),
    "type": Text("type"),
    "until": Text("until"),
    "value": Text("value"),
    "vendor": Text("vendor"),
    "verdict": Text("verdict"),
    "way": Text("way"),
    "what": Text("what"),
    "when": Text("when"),
    "who": Text("who"),
    "why": Text("why"),
    "with": Text("with"),
}
"""What stands over a column, by the name that JSON has for it."""

CELLS: Final[dict[str, Text]] = {
    # act and standing of an indicator (bavn.actor.protect), outcome in a ledger
    "block": Text("block"),
    "watch": Text("watch"),
    "lift": Text("lift"),
    "wanted": Text("in force"),
    "waiting": Text("waiting"),
    "uncarried": Text("waiting for an enforcer"),
    "lifted": Text("lifted"),
    "refused": Text("refused"),
    "passed": Text("passed"),
    "out": Text("out"),
    "in": Text("in"),
    # entries of tuning.toml
    "ended": Text.in_context("cli words", "ended"),
    "holds": Text.in_context("cli words", "holds"),
    "review due": Text("review due"),
    "never": Text("never"),
    "yes": Text("yes"),
    "no": Text("no"),
    # scope of a verdict
    "story": Text("this suspicion"),
    "detector-peer": Text("detector-peer"),
    "own": Text.in_context("cli words", "own"),
    "host": Text("host"),
    "peer": Text("peer"),
    # an actor at its operator
    "here": Text("here"),
    "leaving": Text("leaving"),
    "well": Text("well"),
    "not well": Text("not well"),
    # outcome of a Sigma rule
    "runs": Text("runs"),
    "part": Text("part"),
    "unsupported": Text("unsupported"),
    "unreadable": Text("unreadable"),
}
"""Single words in a cell, by what JSON has there."""


def heading(name: str, language: Language) -> str:
    """What stands over a column. KeyError for a name that nobody translated."""
    return HEADINGS[name].say(language)


def cell(value: str, language: Language) -> str:
    """A single word of a cell; one that is no word of ours stays."""
    return CELLS[value].say(language) if value in CELLS else value


def number(value: float, language: Language, decimals: int = 0) -> str:
    """``1,234.5`` or ``1.234,5``."""
    return Number(value, f",.{decimals}f").say(language)


def small(value: float, language: Language) -> str:
    """A p-value: two digits that tell, ``0.0038`` or ``0,0038``."""
    return Number(value, ".2g").say(language)


def point(value: str, language: Language) -> str:
    """A figure that is text already, with the language's decimal mark."""
    return value.replace(".", marks(language).get(ord("."), "."))
