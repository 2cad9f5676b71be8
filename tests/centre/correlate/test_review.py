"""A lead in words: what is claimed, what speaks for and against it, what would change it; for who knows no nats."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.centre.correlate.context import Context
from bavn.centre.correlate.laws.fitted import ASSUMED
from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.review import review
from bavn.centre.correlate.run import correlate
from bavn.model.moment import HOUR_US
from bavn.model.observable import Observable
from bavn.model.sector.coverage import SIGHTS
from bavn.model.sector.functions import Role
from bavn.model.sector.lead import Sign

NOW_US = 1_700_000_000_000_000
HOUR = NOW_US // HOUR_US
NAME = Observable.of("domain", "evil.example.com")
ADDRESS = Observable.of("ip4", "198.51.100.7")
CERT = Observable.of("cert", "ab" * 32)
STORY = {"period_bucket": 2, "regularity_bucket": 4, "first_hour": HOUR - 9, "last_hour": HOUR}
UNPACED = {"period_bucket": None, "regularity_bucket": None, "first_hour": HOUR - 9, "last_hour": HOUR}


class OneList:
    def of(self, observable):
        return (("tranco", "known"),) if observable == NAME else ()


def on(sign, observable, actors, **given_):
    return [sign(report_id=f"{observable}-{actor}", actor=actor, observable=observable, **given_) for actor in actors]


WORTH = {"evidence": 1.0, "sharing": 2.0, "hosts": 0.5, "congruence": 1.5, "novelty": 2.5}


def reviewed(signs, context=None, sector=0, worth=WORTH, kinds=None):
    """The first lead in words, its terms worth what ``worth`` says: the words rest on their names alone."""
    ranked = correlate(signs, context or Context(weights=ASSUMED, now_us=NOW_US), {})[0]
    terms = tuple(replace(term, nats=worth.get(term.name, term.nats)) for term in ranked.lead.terms)
    return review(replace(ranked.lead, terms=terms), ranked.elements, ranked.without, sector, kinds or {})


def said(texts, language="en"):
    return " ".join(text.say(language) for text in texts)


def test_a_campaign_says_what_where_since_when_at_what_pace_and_why_it_is_one(sign):
    signs = on(sign, NAME, ("anna", "bodil", "clara"), p_bucket=9, hosts_bucket=0, **STORY)
    signs += on(sign, ADDRESS, ("anna", "bodil", "clara"), p_bucket=9, hosts_bucket=0, **STORY)
    found = reviewed(signs)
    claim = said(found.claim)
    assert "At 3 independent actors (anna, bodil, clara): a machine calls the name evil.example.com" in claim
    assert "Together with it: the address 198.51.100.7." in claim
    assert "First seen 2023-11-14 13:00 UTC, last 2023-11-14 22:00 UTC, every 5 to 15 minutes at 3 of them." in claim
    assert "If it is an attack: command channel in web, DNS or mail (T1071" in claim
    for words in (
        "It is one incident, not several",
        "The same pace at all 3, every 5 to 15 minutes",
        "New: no two knew it before",
        "anna 1 in 512",
        "3 independent actors share it",
    ):
        assert words in said(found.evidence)


def test_the_pace_and_the_strongest_evidence_are_said_first(sign):
    signs = on(sign, NAME, ("anna", "bodil"), p_bucket=9, hosts_bucket=0, **STORY)
    signs += on(sign, NAME, ("clara", "dora"), p_bucket=9, hosts_bucket=0, **UNPACED)
    found = reviewed(signs)
    assert "The same pace at 2 of 4, every 5 to 15 minutes." in said(found.evidence)
    assert found.against[0].say("en") == "Not all keep that pace: 2 of 4 do not, or not regularly."
    signs = on(sign, NAME, ("anna", "bodil", "clara"), p_bucket=4, **UNPACED)
    new, shared, odd = reviewed(signs).evidence[:3]
    assert (new.message[:4], "share it" in shared.message, odd.message[:7]) == ("New:", True, "How odd")
    odd, shared, *_, new = reviewed(signs, worth=WORTH | {"evidence": 3.0, "novelty": 0.0}).evidence
    assert (odd.message[:7], "share it" in shared.message, new.message[:4]) == ("How odd", True, "New:")
    signs = on(sign, NAME, ("anna",), p_bucket=9, **STORY) + on(sign, NAME, ("bodil",), p_bucket=8, **STORY)
    means = "anna 1 in 512 (of 512 harmless things there at most one is as odd), bodil 1 in 256."
    assert f"How odd each found it by itself: {means}" in said(reviewed(signs).evidence)
    signs = on(sign, NAME, ("anna", "bodil", "clara"), p_bucket=5, hosts_bucket=0, **STORY)
    cleared = reviewed(signs, Context(weights=ASSUMED, now_us=NOW_US, cleared=frozenset({NAME})))
    assert "earlier case" in cleared.against[0].say("en")
    assert "if that is wrong, it rises" in said(cleared.changes)


def test_certificates_are_said_to_tie_them_by_rarity_and_age(sign):
    signs = on(sign, CERT, ("anna", "bodil"), p_bucket=9, **STORY)
    assert "that is new, and that no list knows, ties 2 independent actors together." in said(reviewed(signs).evidence)
    found = reviewed(on(sign, CERT, ("anna", "bodil"), p_bucket=9, **STORY | {"first_hour": HOUR - 24 * 40}))
    evidence = [one.say("en") for one in found.evidence]
    tied = next(at for at, one in enumerate(evidence) if "ties 2 independent actors together; it is old" in one)
    assert tied > next(at for at, one in enumerate(evidence) if "share it" in one)
    assert "since 2023-10-05. A common program's certificate may be that old" in said(found.against)
    alone = reviewed(on(sign, CERT, ("anna", "bodil"), p_bucket=9, **UNPACED))
    assert "binds them: no pace in common, no second sign." in said(alone.against)


def test_how_many_of_how_many_is_said_always_and_a_rollout_only_where_that_is_wide(sign):
    signs = on(sign, NAME, tuple("abcdefg"), p_bucket=9, hosts_bucket=0, **STORY)
    few = reviewed(signs, sector=36)
    assert "At 7 of 36 independent actors (a, b" in said(few.claim)
    assert "7 of 36 independent actors share it" in said(few.evidence)
    assert "supplier" not in said(few.against)
    assert "If still more actors report it" not in said(few.changes)
    assert "A supplier's new service looks the same: new, at 7 of 13 independent" in said(
        reviewed(signs, sector=13).against
    )
    by_score = reviewed(signs, sector=36, worth=WORTH | {"sharing": -0.5})
    assert "A supplier's new service looks the same: new, at 7 of 36 independent" in said(by_score.against)
    house = [replace(one, group="vendor") if one.actor in "ab" else one for one in signs]
    claim = said(reviewed(house, sector=12).claim)
    assert (
        "At 6 of 12 independent actors (7 actors report it, and what one vendor or operator runs counts as one: a"
        in claim
    )


@pytest.mark.parametrize(
    ("buckets", "words"),
    [
        ((0, 0, 0), "It is a single machine at each of them"),
        ((0, 1, 1), "It is on one to three machines at each of them"),
        ((0, 1, 3), "At 2 of 3 it is on one to three machines"),
        ((0, 2, 3), None),
    ],
)
def test_few_machines_are_said_for_it_whatever_the_score_makes_of_them(sign, buckets, words):
    signs = [
        on(sign, NAME, who, p_bucket=9, hosts_bucket=at, **STORY)[0] for who, at in zip("abc", buckets, strict=True)
    ]
    evidence = said(reviewed(signs, worth=WORTH | {"hosts": 0.0}).evidence)
    assert words in evidence if words else "machine" not in evidence


@pytest.mark.parametrize(
    ("words", "change", "context", "sector"),
    [
        ("among the world's first million names", {}, {"lists": OneList()}, 0),
        ("in the sector's own register of services", {}, {"register": frozenset({NAME})}, 0),
        ("found harmless in an earlier case", {}, {"cleared": frozenset({NAME})}, 0),
        ("Much of the sector has it: 7 of 8 independent actors, at one pace.", {}, {}, 8),
        ("7 of 8 independent actors, most at no common pace.", UNPACED, {}, 8),
        ("Not new: the sector has known it since 2023-10-05.", {"first_hour": HOUR - 24 * 40}, {}, 0),
        ("At 7 of 7 it is on more than three machines", {"hosts_bucket": 3}, {}, 0),
        ("A supplier's new service looks the same", {}, {}, 0),
    ],
)
def test_what_speaks_against_it_is_said(sign, words, change, context, sector):
    signs = on(sign, NAME, ("a", "b", "c", "d", "e", "f", "g"), **{"p_bucket": 5, "hosts_bucket": 0} | STORY | change)
    assert words in said(reviewed(signs, Context(weights=ASSUMED, now_us=NOW_US, **context), sector).against)


def test_where_nothing_speaks_against_it_the_harmless_thing_that_looks_the_same_does(sign):
    signs = on(sign, NAME, ("anna", "bodil", "clara"), p_bucket=9, hosts_bucket=0, **STORY)
    assert said(reviewed(signs).against) == "Update checks, telemetry and monitoring call as regularly."
    for table in (phrases.HAPPENED, phrases.INNOCENT, phrases.ASK):
        assert set(table) == {*SIGHTS, phrases.INBOUND}


def test_one_actors_word_thin_reports_and_a_shared_supplier_are_said(sign):
    thin = {**UNPACED, "first_hour": HOUR}
    signs = on(sign, NAME, ("anna",), p_bucket=15, **thin) + on(sign, NAME, ("bodil", "clara"), p_bucket=4, **thin)
    found = said(reviewed(signs).against)
    assert "mostly one actor's word: 1 in 32,768 at anna, at most of the others no rarer than 1 in 16" in found
    one_close = [replace(one, p_bucket=10) if one.actor == "bodil" else one for one in signs]
    assert "mostly one actor's word" in said(reviewed(one_close).against)
    two_close = [replace(one, p_bucket=10) if one.actor != "anna" else one for one in signs]
    assert "mostly one actor's word" not in said(reviewed(two_close).against)
    assert "saw it in a single hour only" in found
    assert "Nothing but the name evil.example.com binds them" in found
    role = Role(suppliers=("dxc",))
    context = Context(weights=ASSUMED, now_us=NOW_US, roles={"anna": role, "bodil": role})
    pair = on(sign, NAME, ("anna", "bodil"), p_bucket=9, **STORY)
    assert "They share the supplier dxc" in said(reviewed(pair, context).against)
    assert "Two independent actors only" in said(reviewed(pair).against)
    three = on(sign, NAME, ("anna", "bodil", "clara"), p_bucket=9, **STORY)
    house = [replace(one, group="vendor") if one.actor != "anna" else one for one in three]
    assert "3 actors report it, but some are run by one vendor" in said(reviewed(house).against)


def test_what_is_done_first_is_a_check_and_what_would_change_it_an_entry_and_every_actor(sign):
    signs = on(sign, NAME, ("anna", "bodil"), p_bucket=9, hosts_bucket=1, **STORY)
    signs += on(sign, NAME, ("clara",), p_bucket=6, hosts_bucket=0, **STORY)
    todo, found = said(reviewed(signs).todo), said(reviewed(signs).changes)
    assert "Ask at clara, where it is a single machine: which program calls it and since when" in todo
    assert "an entry in the sector's register" in found
    assert "One more independent actor" in found
    assert "An answer there helps all." in todo
    assert "Without any one of them it stands no lower." in found
    other = on(sign, ADDRESS, ("anna", "dora"), p_bucket=9, **STORY)
    found = said(reviewed([*signs, *other, *on(sign, CERT, ("dora", "eva"), p_bucket=8, **STORY)]).changes)
    assert "Without anna: from place 1 to 2." in found
    two = reviewed(on(sign, NAME, ("anna", "bodil"), p_bucket=9, **STORY))
    assert "Without any one of anna, bodil it is no lead" in said(two.changes)
    many = on(sign, NAME, tuple("abcdefg"), p_bucket=9, **STORY)
    assert "Without any one of them it stands no lower." in said(reviewed(many).changes)
    wide = reviewed(on(sign, NAME, ("anna", "bodil"), p_bucket=9, hosts_bucket=3, **STORY)).todo
    assert "where it is more than three machines" in said(wide)


KINDS = {"anna": "region", "bodil": "region", "clara": "municipality"}


def test_the_first_line_says_who_does_what_at_what_pace_since_when_and_who_else_reports_it(sign):
    signs = on(sign, NAME, ("anna", "bodil", "clara"), p_bucket=9, hosts_bucket=0, **STORY)
    said_first = "a machine calls the name evil.example.com again and again"
    assert reviewed(signs, sector=36, kinds=KINDS).opening.say("en") == (
        f"At 2 regions and 1 municipality {said_first}, every 5 to 15 minutes, since 14 November 2023;"
        " none of the other 33 independent actors of the sector reports it."
    )
    assert reviewed(signs, sector=4).opening.say("en").startswith(f"At 3 actors {said_first}")
    assert "the one other independent actor" in reviewed(signs, sector=4).opening.say("en")
    assert reviewed(signs, sector=3).opening.say("en").endswith("; the whole sector reports it.")
    assert reviewed(signs).opening.say("en").endswith("; nobody else reports it.")
    mixed = signs + on(sign, NAME, ("dora",), p_bucket=9, hosts_bucket=0, **UNPACED)
    assert f"{said_first}, every 5 to 15 minutes at 3 of them, since" in reviewed(mixed).opening.say("en")
    alone = on(sign, NAME, ("anna", "bodil"), p_bucket=9, hosts_bucket=0, **UNPACED)
    assert f"{said_first}, since" in reviewed(alone).opening.say("en")


def test_pace_and_client_of_each_actor_are_said_and_compared(sign):
    client = Observable.of("ja4", "t13d1516h2_8daaf6152771_02713d6af862")
    signs = on(sign, NAME, ("anna", "bodil"), p_bucket=9, **STORY)
    signs += on(sign, client, ("anna", "bodil"), p_bucket=8, **STORY)
    assert [text.say("en") for text in reviewed(signs).rhythm] == [
        "2 of 2 actors tell of a pace; it is the same one, and equally regular.",
        "anna: every 5 to 15 minutes, regular.",
        "bodil: every 5 to 15 minutes, regular.",
        (
            "The client at anna, bodil looks like a program that speaks HTTP/2 (TLS 1.3), names the server, and offers"
            " 15 ciphers and 16 extensions."
        ),
    ]
    other = on(sign, NAME, ("anna",), p_bucket=9, **STORY)
    loose = on(sign, NAME, ("bodil",), p_bucket=9, **STORY | {"regularity_bucket": 2})
    assert "it is the same one, not equally regular." in said(reviewed(other + loose).rhythm)
    slow = on(sign, NAME, ("bodil",), p_bucket=9, **STORY | {"period_bucket": 6})
    assert "they do not keep the same one." in said(reviewed(other + slow).rhythm)
    assert reviewed(on(sign, NAME, ("anna", "bodil"), p_bucket=9, **UNPACED)).rhythm == ()
    hashed = on(sign, Observable.of("ja3", "ab" * 16), ("anna", "bodil"), p_bucket=9, **UNPACED)
    assert "is known by the program with the fingerprint" in said(reviewed(hashed).rhythm)


@pytest.mark.parametrize(
    ("rank", "ranks", "words"),
    [
        (54, (51, 49, 47), "Without any one of them it stands no lower."),
        (5, (4, 5, 6), "Without c: from place 5 to 6. Without any of the others it stands no lower."),
        (5, (11, 11, 10, 9, 8, 7), "Without any one of a, b, c, d, e: from place 5 to 8 at best, 11 at worst."),
        (5, (12, 7, 7, 6, 4), "Without a: from place 5 to 12. Without any of the others it stays about where it is."),
        (5, (7, 7, 7, 7, 7), "Without any one of them it stays about where it is."),
    ],
)
def test_only_those_are_named_without_whom_it_falls(sign, rank, ranks, words):
    signs = on(sign, NAME, tuple("abcdef"[: len(ranks)]), p_bucket=9, **STORY)
    ranked = correlate(signs, Context(weights=ASSUMED, now_us=NOW_US), {})[0]
    without = [replace(one, rank=to) for one, to in zip(ranked.without, ranks, strict=True)]
    assert words in said(review(replace(ranked.lead, rank=rank), ranked.elements, without).changes)


def _signs():
    one = st.fixed_dictionaries(
        {
            "actor": st.sampled_from("abcdefg"),
            "group": st.sampled_from("abc"),
            "observable": st.sampled_from((NAME, ADDRESS, CERT)),
            "detector": st.sampled_from((*SIGHTS, "unheard-of")),
            "technique": st.sampled_from(("T1071", "T1595", "T9999")),
            "p_bucket": st.integers(0, 15),
            "hosts_bucket": st.integers(0, 3),
            "first_hour": st.integers(HOUR - 2000, HOUR),
            "period_bucket": st.none() | st.integers(0, 7),
            "walk_half_nats": st.none() | st.integers(-16, 16),
        }
    )
    return st.lists(one, min_size=2, max_size=9)


@given(given_=_signs(), sector=st.integers(0, 9), language=st.sampled_from(("en", "da")))
@settings(deadline=None, max_examples=40)
def test_of_any_lead_there_is_a_claim_a_counter_and_a_change_and_no_word_of_the_score(given_, sector, language):
    signs = [
        Sign(
            report_id=str(at),
            tier="A",
            round_id="0" * 32,
            last_hour=HOUR,
            regularity_bucket=None if one["period_bucket"] is None else 4,
            received_us=NOW_US,
            **one,
        )
        for at, one in enumerate(given_)
    ]
    for ranked in correlate(signs, Context(weights=ASSUMED, now_us=NOW_US, register=frozenset({ADDRESS})), {}):
        found = review(ranked.lead, ranked.elements, ranked.without, sector)
        assert found.claim
        assert found.against
        assert found.changes
        everything = said((*found.claim, *found.evidence, *found.against, *found.changes), language)
        assert not re.search(r"\bnats?\b|[{}]", everything)


def test_the_strongest_is_said_in_a_few_words_for_a_list(sign):
    signs = on(sign, NAME, ("anna", "bodil", "clara"), p_bucket=9, **STORY)
    assert [one.en for one in reviewed(signs, sector=36).short] == [
        "new in the sector",
        "3 of 36 independent actors share it",
    ]
    odd = reviewed(signs, worth=WORTH | {"evidence": 5.0, "congruence": 4.0}).short
    assert [one.en for one in odd] == ["as rare as 1 in 512 at anna", "one pace at 3"]
    nothing = reviewed(
        on(
            sign,
            NAME,
            ("anna", "bodil"),
            p_bucket=4,
            hosts_bucket=3,
            first_hour=HOUR - 9_000,
            last_hour=HOUR,
            period_bucket=None,
            regularity_bucket=None,
        ),
        worth=dict.fromkeys(WORTH, 0.0),
    )
    assert [one.en for one in nothing.short] == ["2 independent actors share it"]


def test_what_a_reader_asks_next_is_answered_or_said_not_to_be_known_here(sign):
    signs = [
        *on(sign, NAME, ("anna",), p_bucket=9, hosts_bucket=0, **STORY),
        *on(sign, NAME, ("bodil",), p_bucket=9, hosts_bucket=3, detector="signature", **UNPACED),
    ]
    whose, machines, rule, detector = (one.en for one in reviewed(signs).known)
    assert whose.startswith("Whose it is: not known here; the name evil.example.com is on no list")
    assert machines == "Machines at each: anna 1, bodil more than 10."
    assert rule == "Which rule struck at bodil: not known here, since a report does not name it; ask there."
    assert detector == "No rule of a sensor struck at anna: the node's own detectors found it (beacon)."
    listed = reviewed(signs, Context(weights=ASSUMED, now_us=NOW_US, lists=OneList())).known[0].en
    assert listed == (
        "Whose it is: the name evil.example.com is among the world's first million names; its owner is not known here."
    )
