"""A sentence is a message and its facts; languages are catalogues; numbers follow the reader's language."""

import copy
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bavn.model.catalogue import languages, moment
from bavn.model.text import Capital, Number, Text

LOST = Text("unknown")


def test_it_is_said_in_each_language_and_the_same_english_may_need_two_words():
    text = Text("{who} refuses this node: {said}", who=LOST, said=Number(1234.5, ",.1f"))
    assert text.say("en") == "unknown refuses this node: 1,234.5"
    assert text.say("da") == f"{LOST.say('da')} afviser noden: 1.234,5"
    assert LOST.say("da") != "unknown"
    assert languages()[0] == "en"
    assert "da" in languages()
    assert LOST.say("xx") == LOST.say("../../etc") == "unknown"
    assert Text("over").say("da") != Text.in_context("cli centre ask", "over").say("da")
    assert Text("over") != Text.in_context("cli centre ask", "over")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, ("0 own hosts", "0 egne maskiner")),
        (1, ("1 own host", "1 egen maskine")),
        (1203, ("1,203 own hosts", "1.203 egne maskiner")),
    ],
)
def test_a_number_decides_on_the_words(count, said):
    text = Text.counted("{count:,} own host", "{count:,} own hosts", count)
    assert (text.en, text.da) == said
    assert text.say("xx") == text.en
    assert text == text.filled(count=count) != text.filled(count=count + 1)
    assert text != Text("{count:,} own host", count=count)


def test_what_is_kept_is_said_as_it_was_and_texts_are_equal_by_message_and_facts():
    kept = Text.counted("{count:,} own host", "{count:,} own hosts", 2).kept()
    assert Text.of(kept | {"da": "noget andet"}).da == "2 egne maskiner"
    assert Text.plain("{no hole}").say("da") == "{no hole}"
    assert Text("{who} and {{braces}}", who="a").en == "a and {braces}"
    assert Text("{who}", who="{who}").en == "{who}"
    assert Text("{n} of {m}", n=1, m=2) == Text("{n} of {m}", m=2, n=1)
    assert Text("{n} of {m}", n=1, m=2) != Text("{n} of {m}", n=1, m=3)
    assert len({Text("a"), Text("a"), Text.plain("a")}) == 2
    assert sorted([Text("b"), Text("a")]) == [Text("a"), Text("b")]


@pytest.mark.parametrize(
    "text",
    [
        LOST,
        Text.in_context("cli centre ask", "over"),
        Text.plain("10.0.0.1"),
        Text.written("Two words", da="To ord"),
        Text("{who} refuses this node: {said}", who=LOST, said=Text.number(12345)),
        Text.counted("{count:,} record", "{count:,} records", 1),
        Text(
            "reading {source}: {records}", source="a", records=Text.counted("{count:,} rule", "{count:,} rules", 1203)
        ),
        Text.shaped("{a}.", a=Capital(Text.joined("; ", [LOST, Text("a {b}", b=0.5)]))),
    ],
)
def test_what_is_kept_is_read_back_to_the_same(text):
    again = Text.of(json.loads(json.dumps(text.kept())))
    assert again == text == pickle.loads(pickle.dumps(text)) == copy.deepcopy(text)
    assert [again.say(one) for one in ("en", "da")] == [text.say(one) for one in ("en", "da")]
    assert (text.kept()["en"], text.kept()["da"]) == (text.en, text.da)


@pytest.mark.parametrize(
    "text",
    [
        Text("nested deeper than {deepest}", deepest=8),
        Text("not sent: {why}", why=Text("its end came")),
        Text.plain('{"en": an odd name'),
        Text("its end came"),
        Text.written("sick", da="syg"),
    ],
)
def test_a_column_of_text_keeps_what_can_be_said_again_in_any_language(text):
    again = Text.of_row(text.row())
    assert [again.say(language) for language in languages()] == [text.say(language) for language in languages()]


def test_a_text_and_its_facts_can_be_compared_and_never_changed_or_empty():
    import numpy as np

    text = Text("{a} {b:.1f} {c}", a=np.float64(0.5), b=np.float64(2.25), c=None)
    assert text == Text("{a} {b:.1f} {c}", a=0.5, b=2.25, c="None")
    assert text.en == "0.5 2.2 None"
    with pytest.raises(AttributeError):
        LOST.message = "found"
    for wrong in (lambda: Text(""), lambda: Text.written("a", da="")):
        with pytest.raises(ValueError, match="both languages"):
            wrong()


def test_importing_it_reads_no_catalogue_and_brings_no_babel():
    code = (
        "import sys, bavn.model.text as t; t.Text('unknown').say('en');"
        " print([m for m in ('gettext', 'babel', 'json') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_figures_and_moments_are_written_as_the_reader_writes_them():
    text = Text("{a:,} {b:.2f} {c} {d}", a=12345, b=1.5, c=0.25, d=2026)
    assert [text.say(one) for one in ("en", "da")] == [
        "12,345 1.50 0.25 2026",
        "12.345 1,50 0,25 2026",
    ]
    at = datetime(2026, 11, 2, 6, 5, tzinfo=UTC)
    assert [moment(at, one) for one in ("en", "da")] == [
        "2026-11-02 06:05",
        "02.11.2026 06.05",
    ]
    assert moment(at, "da", zone=True) == "02.11.2026 06.05 UTC"


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("what was lost", "What was lost"),
        ("lost: all of it", "Lost: all of it"),
        ("lost.", "Lost."),
        ("tcp.eu.ngrok.io was called", "tcp.eu.ngrok.io was called"),
        ("fe80::870a: called", "fe80::870a: called"),
        ("mail7 was called", "mail7 was called"),
        ("a1b2.dk; b", "a1b2.dk; b"),
        ("ørsted", "Ørsted"),
    ],
)
def test_a_sentence_begins_large_but_a_name_or_address_stays_as_it_is(said, begins):
    assert Text.shaped("{said}", said=Capital(Text.plain(said))).en == begins
