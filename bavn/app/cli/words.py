"""The words of the commands' own screens in Danish and English: headings of tables, figures as each language writes
them, and the option that chooses. Refuses to hold a sentence about the network: those are made where the fact is known.

Error lines, JSON and CSV are the same in both languages: machines and manuals read them.
"""

from typing import Annotated, Final

import typer

from bavn.model.text import Language, Text

Spoken = Annotated[
    Language, typer.Option("--language", envvar="BAVN_LANGUAGE", help="Language of sentences and headings.")
]

HEADINGS: Final[dict[str, Text]] = {
    "act": Text("act", "handling"),
    "actor": Text("actor", "aktør"),
    "action": Text("action", "handling"),
    "blocks": Text("blocks", "spærringer"),
    "blocked": Text("what stands in the way", "hvad der står i vejen"),
    "by": Text("by", "af"),
    "approved by": Text("approved by", "godkendt af"),
    "asked by": Text("asked by", "spurgt af"),
    "bytes": Text("bytes", "bytes"),
    "case": Text("case", "sag"),
    "cells": Text("cells", "felter"),
    "class": Text("class", "klasse"),
    "confidence": Text("confidence", "sikkerhed"),
    "column": Text("column", "kolonne"),
    "comment": Text("comment", "kommentar"),
    "day": Text("day", "dag"),
    "detector": Text("detector", "detektor"),
    "element": Text("element", "element"),
    "epsilon": Text("epsilon", "epsilon"),
    "file": Text("file", "fil"),
    "first": Text("first", "første"),
    "folder": Text("folder", "mappe"),
    "health": Text("health", "helbred"),
    "kept apart": Text("kept apart by", "holdt adskilt af"),
    "memory": Text("memory", "hukommelse"),
    "owes": Text("owes", "skylder"),
    "running": Text("running", "kører"),
    "first seen": Text("first seen", "først set"),
    "from": Text("from", "fra"),
    "function": Text("function", "funktion"),
    "gate": Text("gate", "port"),
    "gives": Text("gives", "giver"),
    "holds": Text("holds", "indeholder"),
    "host": Text("host", "maskine"),
    "hosts": Text("hosts", "maskiner"),
    "id": Text("id", "id"),
    "indicator": Text("indicator", "indikator"),
    "last": Text("last", "sidste"),
    "last seen": Text("last seen", "sidst set"),
    "line": Text("line", "linje"),
    "looks for": Text("looks for", "leder efter"),
    "met": Text("met", "fundet"),
    "name": Text("name", "navn"),
    "named": Text("named", "nævnt"),
    "may block": Text("may block", "må spærre"),
    "observable": Text("observable", "observabel"),
    "pap": Text("PAP", "PAP"),
    "partner": Text("partner", "partner"),
    "received": Text("received", "modtaget"),
    "tlp": Text("TLP", "TLP"),
    "nats": Text("nats", "nats"),
    "needs": Text("needs", "behøver"),
    "number": Text("number", "nummer"),
    "on": Text("on", "aktiv"),
    "os": Text("system", "system"),
    "outcome": Text("outcome", "udfald"),
    "owed": Text("owed next", "næste frist"),
    "own": Text("own", "egne"),
    "p": Text("p", "p"),
    "peer": Text("peer", "modpart"),
    "peers": Text("peers", "modparter"),
    "rank": Text("rank", "nr."),
    "reason": Text("reason", "grund"),
    "receipts of": Text("receipts of", "kvitteringer fra"),
    "rev": Text("rev", "udg."),
    "role": Text("role", "rolle"),
    "rows": Text("rows", "rækker"),
    "rule": Text("rule", "regel"),
    "says": Text("says", "siger"),
    "scope": Text("scope", "omfang"),
    "services": Text("services", "tjenester"),
    "share": Text("post-quantum", "post-kvante"),
    "sid": Text("sid", "sid"),
    "since": Text("since", "siden"),
    "span": Text("span", "tidsrum"),
    "sql": Text("SQL", "SQL"),
    "state": Text("state", "tilstand"),
    "standing": Text("standing", "stand"),
    "suspicion": Text("suspicion", "mistanke"),
    "table": Text("table", "tabel"),
    "tables": Text("tables", "tabeller"),
    "technique": Text("technique", "teknik"),
    "tier": Text("tier", "trin"),
    "total": Text("handshakes", "forbindelser"),
    "type": Text("type", "type"),
    "until": Text("until", "til"),
    "value": Text("value", "værdi"),
    "vendor": Text("vendor", "leverandør"),
    "verdict": Text("verdict", "dom"),
    "way": Text("way", "vej"),
    "what": Text("what", "hvad"),
    "when": Text("when", "hvornår"),
    "who": Text("who", "hvem"),
    "why": Text("why", "hvorfor"),
    "with": Text("with", "med"),
}
"""What stands over a column, by the name that JSON has for it."""

CELLS: Final[dict[str, Text]] = {
    # act and standing of an indicator (bavn.actor.protect), outcome in a ledger
    "block": Text("block", "spær"),
    "watch": Text("watch", "hold øje"),
    "lift": Text("lift", "ophæv"),
    "wanted": Text("wanted", "ønsket"),
    "waiting": Text("waiting", "venter"),
    "uncarried": Text("waiting for an enforcer", "venter på et håndhævende led"),
    "lifted": Text("lifted", "ophævet"),
    "refused": Text("refused", "afvist"),
    "passed": Text("passed", "sluppet igennem"),
    "out": Text("out", "ud"),
    "in": Text("in", "ind"),
    # entries of tuning.toml
    "ended": Text("ended", "udløbet"),
    "holds": Text("holds", "gælder"),
    "review due": Text("review due", "skal ses på igen"),
    "never": Text("never", "aldrig"),
    "yes": Text("yes", "ja"),
    "no": Text("no", "nej"),
    # scope of a verdict
    "story": Text("story", "denne"),
    "detector-peer": Text("detector-peer", "detektor-modpart"),
    "own": Text("own", "egen"),
    "host": Text("host", "maskine"),
    "peer": Text("peer", "modpart"),
    # an actor at its operator
    "here": Text("here", "her"),
    "leaving": Text("leaving", "på vej ud"),
    "moved": Text("moved", "flyttet"),
    "well": Text("well", "god"),
    "not well": Text("not well", "ikke god"),
    # outcome of a Sigma rule
    "runs": Text("runs", "kører"),
    "part": Text("part", "del af en korrelation"),
    "unsupported": Text("unsupported", "understøttes ikke"),
    "unreadable": Text("unreadable", "kan ikke læses"),
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
    english = f"{value:,.{decimals}f}"
    return english.translate(str.maketrans(",.", ".,")) if language == "da" else english


def small(value: float, language: Language) -> str:
    """A p-value: two digits that tell, ``0.0038`` or ``0,0038``."""
    english = f"{value:.2g}"
    return english.replace(".", ",") if language == "da" else english


def point(value: str, language: Language) -> str:
    """A figure that is text already, with the language's decimal mark."""
    return value.replace(".", ",") if language == "da" else value
