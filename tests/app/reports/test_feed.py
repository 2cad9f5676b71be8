"""The Atom feed: what RFC 4287 must have, read by a reader that others use; only what is published."""

import uuid
import xml.etree.ElementTree as ET
from datetime import datetime

import feedparser
import pytest

from bavn.app.reports.feed import ATOM, ENTRIES_MAX, Entry, feed
from bavn.centre.publish.build import build
from bavn.centre.publish.document import Kind
from tests.centre.publish.made import NOW_US, make_facts, make_whole

IN = "{" + ATOM + "}"


@pytest.fixture(scope="module")
def entries():
    brief, forecast = build(Kind.BRIEF, make_whole(Kind.BRIEF)), build(Kind.FORECAST, make_facts(Kind.FORECAST))
    return [Entry("brief-2026-09", 3, NOW_US, brief), Entry("forecast-2026-Q3", 1, NOW_US + 1, forecast)]


def made(entries, **given):
    plain = {"sector": "Sundhed & <omsorg>", "url": "https://sector.example/documents/", "now_us": NOW_US}
    return feed(entries, "da", **plain | given)


def test_rfc_4287(entries) -> None:
    root = ET.fromstring(made(entries))
    for parent in (root, *root.iter(f"{IN}entry")):
        for name in ("id", "title", "updated"):
            assert len(parent.findall(f"{IN}{name}")) == 1, name
        assert uuid.UUID(parent.findtext(f"{IN}id").removeprefix("urn:uuid:"))
        assert datetime.fromisoformat(parent.findtext(f"{IN}updated")).tzinfo is not None
    assert root.findtext(f"{IN}author/{IN}name") == "Sundhed & <omsorg>"
    ids = [one.text for one in root.iter(f"{IN}id")]
    assert len(ids) == len(set(ids)) == 3
    for entry in root.iter(f"{IN}entry"):
        rels = [link.get("rel") for link in entry.iter(f"{IN}link")]
        assert rels == ["alternate", "enclosure"]


def test_a_reader_understands_it(entries) -> None:
    read = feedparser.parse(made(entries))
    assert not read.bozo
    assert read.version == "atom10"
    assert [one.title.split(",")[0] for one in read.entries] == ["Cybervejrudsigt", "Månedsbrief"]
    assert read.entries[1].link == "https://sector.example/documents/brief-2026-09.da.html"
    assert "bekræftet i perioden" in read.entries[1].summary


def test_the_same_is_the_same_and_it_has_an_end(entries) -> None:
    assert made(entries) == made(list(reversed(entries)), now_us=1)
    many = [Entry(f"brief-{at}", 1, at, entries[0].document) for at in range(ENTRIES_MAX + 5)]
    assert made(many).count("<entry>") == ENTRIES_MAX
    assert feedparser.parse(made([])).entries == []
    assert "href" not in made(entries, url="")
