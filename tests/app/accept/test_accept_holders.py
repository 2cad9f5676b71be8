"""Several key holders: a test passes while enough are well and names the others; it fails where too few are."""

from dataclasses import replace

import pytest

from bavn.app.accept import holders as under_test
from bavn.app.accept.check import Readings, shown, value, warns
from bavn.app.accept.holders import KeyHolderCheck
from bavn.app.accept.page import page
from bavn.app.accept.run import part_of, required, run
from bavn.app.accept.words import part_lines, verdict
from bavn.app.node.parts import BOOK_FILE
from bavn.model.catalogue import languages
from bavn.model.ports import LinkDown
from bavn.model.sector.acceptance_protocol import Outcome, TestKind
from bavn.model.sector.protocol_file import signed
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note, look_on
from bavn.wire.safe import Safe
from tests.app.accept.test_accept_pages import KEY
from tests.keyholder.conftest import TODAY
from tests.keyholder.holders import DEAD, Circle
from tests.keyholder.test_parts import Way, wrong_round

M3 = (
    '[node]\nactor = "region-a"\nkeyholder_urls = ["https://keys-1", "https://keys-2", "https://keys-3"]\n'
    "keyholders_k = 2\n"
)


def wrong_point(said):
    return said.model_copy(update={"points": said.points[:-64] + said.points[:64]})


WRONG = "its part is not of the share that it has"


@pytest.fixture
def circle(tmp_path):
    made = Circle(tmp_path / "holders")
    made.slot()
    yield made
    made.close()


class InMemory(Way):
    """A way to a holder in memory, as the check opens it."""

    skew_s = 0


@pytest.fixture
def site(bench, circle, monkeypatch):
    """Of a node that is enrolled at all three, and the ways to them by number."""
    made = bench(M3, circle.clock)
    for folder in ("", *(f"keys-keyholder-{number}" for number in (1, 2, 3))):
        (made.site.config.folder / folder).mkdir(mode=0o700)
    Book(made.site.config.folder / BOOK_FILE).close()
    ways = {holder.number: InMemory("region-a", holder) for holder in circle.holders}
    monkeypatch.setattr(under_test, "HolderLink", lambda number, *_: ways[number])
    monkeypatch.setattr(Safe, "enrolled", True)
    monkeypatch.setattr(under_test, "fitting", lambda *_: (True, 80))
    made.ways, made.circle = ways, circle
    return made


def seen(part):
    """What is known of each holder, by key."""
    return {figure.key: figure.value for figure in part.figures if figure.key.startswith("holder_")}


def warned(part):
    return {figure.key: figure.reason.en for figure in part.figures if warns(figure)}


def test_three_that_are_well_are_looked_at_one_by_one_and_each_question_is_a_ledger_line(site) -> None:
    part, figures = site.run(KeyHolderCheck())
    assert part.outcome is Outcome.PASSED
    assert (figures["lacking"].value, figures["needed"].value, figures["holders"].value) == (0, 2, 3)
    for number in (1, 2, 3):
        said = {key.split("_")[2]: value for key, value in seen(part).items() if key.startswith(f"holder_{number}_")}
        assert said.pop("answer") >= 0
        assert said == {"certificate": 80, "today": "yes", "tomorrow": "yes", "part": "yes"}
        assert [len(asked.points) // 64 for asked in site.ways[number].asked] == [2]
    assert warned(part) == {}
    with look_on(site.site.config.folder / BOOK_FILE) as ledger:
        lines = list(ledger.every())
    assert [(line.kind, line.way, line.peer) for line in lines] == [
        (kind, "out", f"keyholder-{number}") for kind in ("KeysAsked", "KeysAsked", "PartAsked") for number in (1, 2, 3)
    ]


def test_one_that_is_dead_is_a_warning_that_names_it_in_every_language(site) -> None:
    site.circle.holders[1].faults = DEAD
    part, _ = site.run(KeyHolderCheck())
    assert part.outcome is Outcome.PASSED
    assert warned(part) == {
        "holder_2_answer": "the key holder is dead. Rounds go on without it; its operator looks: bavn keyholder health"
    }
    protocol = run(site.site, [KeyHolderCheck()])
    lines = "\n".join(part_lines(part, "en", figures=False))
    assert "[ok] Key holders: passed, with a warning" in lines
    assert "key holder 2: answer: none; the key holder is dead. Rounds go on without it" in lines
    pages = {language: page(signed(protocol, KEY), ["keyholders"], language) for language in languages()}
    assert "key holder 2: answer" in pages["en"]
    for language, said in {"en": "with a warning", "da": "med en advarsel", "sv": "med en varning"}.items():
        assert verdict(protocol, ["keyholders"]).say(language).endswith(said)
        assert said in pages[language]
    assert len(set(pages.values())) == len(pages)


def test_with_fewer_than_k_it_fails_and_says_which_are_not_well_and_who_must_act(site) -> None:
    for holder in site.circle.holders[1:]:
        holder.faults = DEAD
    part, figures = site.run(KeyHolderCheck())
    assert (part.outcome, figures["lacking"].value) == (Outcome.FAILED, 1)
    assert figures["lacking"].reason.en.startswith("not well: 2, 3. The operators of the key holders")
    assert "Rounds go on" not in figures["holder_2_answer"].reason.en
    assert seen(part)["holder_1_today"] == "none", "one alone says nothing of the others' keys, and is not accused"


@pytest.mark.parametrize("bends", [wrong_point, wrong_round])
def test_one_that_gives_a_wrong_part_is_named(site, bends) -> None:
    site.ways[3].bends = bends
    part, _ = site.run(KeyHolderCheck())
    assert part.outcome is Outcome.PASSED
    (said,) = warned(part).values()
    assert (seen(part)["holder_3_part"], said.startswith(WRONG)) == ("no", True)


def test_one_without_keys_for_tomorrow_or_with_other_keys_is_named(site) -> None:
    def without_tomorrow(request):
        if request.epoch > TODAY:
            raise LinkDown("no share of that key")
        return Way.keys(site.ways[1], request)

    def unsigned(request):
        return Way.keys(site.ways[1], request).model_copy(update={"signature": "00" * 64})

    site.ways[1].keys = without_tomorrow
    part, _ = site.run(KeyHolderCheck())
    assert list(warned(part)) == ["holder_1_tomorrow"]
    del site.ways[1].keys
    site.ways[2].keys = unsigned
    part, _ = site.run(KeyHolderCheck())
    assert {key: why[:15] for key, why in warned(part).items()} == {"holder_2_today": "not signed with"}


def test_a_certificate_that_ends_a_clock_that_is_off_and_open_keys(site, monkeypatch) -> None:
    site.ways[1].skew_s = 60
    part, _ = site.run(KeyHolderCheck())
    assert {key: why[:40] for key, why in warned(part).items()} == {
        "holder_1_answer": "its clock and this node's are 60 s apart"
    }
    monkeypatch.setattr(under_test, "fitting", lambda *_: (True, 5))
    part, figures = site.run(KeyHolderCheck())
    assert (part.outcome, figures["lacking"].value) == (Outcome.FAILED, 2)
    folder = site.site.config.folder / "keys-keyholder-2"
    folder.chmod(0o755)
    assert site.run(KeyHolderCheck())[1]["private"].outcome is Outcome.FAILED


def test_it_asks_about_the_tier_of_the_last_round(site) -> None:
    site.run(KeyHolderCheck())
    assert {asked.tier for asked in site.ways[1].asked} == {"A"}
    note = Note(kind="PartAsked", item_id="1", peer="keyholder-1", summary="round 00 tier Strong: 9 blinded elements")
    with Book(site.site.config.folder / BOOK_FILE) as book:
        Ledger(book).append(site.clock.now_us(), "door", "out", note)
    part, _ = site.run(KeyHolderCheck())
    assert (part.outcome, "tier Strong" in warned(part)["holder_1_today"]) == (Outcome.FAILED, True)


def test_a_node_that_never_ran_was_not_tested(site) -> None:
    (site.site.config.folder / BOOK_FILE).unlink()
    assert site.run(KeyHolderCheck())[0].outcome is Outcome.NOT_TESTED


def test_one_key_holder_or_none_is_another_checks_business(bench) -> None:
    assert part_of(KeyHolderCheck(), bench("").site).outcome is Outcome.NOT_APPLICABLE
    assert "keyholders" in required(TestKind.ACCEPTANCE)
    assert "keyholders" in required(TestKind.FINAL)


def test_more_is_shown_than_was_announced_but_nothing_more_decides() -> None:
    check = KeyHolderCheck()
    measures = check.measures(None)
    readings = Readings(measures, check.acts)
    more = replace(value("more", 1), measure=shown(measures["needed"].name))
    readings.take([more])
    with pytest.raises(KeyError):
        readings.take([value("unknown", 1)])
    with pytest.raises(KeyError):
        readings.take([replace(more, measure=measures["private"])])
