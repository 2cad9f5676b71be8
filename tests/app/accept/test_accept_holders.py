"""Several key holders: a test passes while enough are well and names the others; it fails where too few are. Every
detector has harmless traffic of its own and finds it; one that finds nothing, or lacks its source, is told."""

from dataclasses import replace

import pytest

from bavn.actor.detect.run import DETECTORS
from bavn.app.accept import detectors
from bavn.app.accept import holders as under_test
from bavn.app.accept.check import Readings, shown, value, warns
from bavn.app.accept.detectors import DetectorCheck, Played, family_readings, reads
from bavn.app.accept.holders import KeyHolderCheck
from bavn.app.accept.page import page
from bavn.app.accept.run import part_of, required, run
from bavn.app.accept.words import part_lines, verdict
from bavn.app.node.parts import BOOK_FILE
from bavn.model.catalogue import languages
from bavn.model.ports import LinkDown
from bavn.model.sector.acceptance_protocol import Outcome, TestKind
from bavn.model.sector.protocol_file import signed
from bavn.traffic.replay import FAMILIES, Label, NoRoom, room
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger, Note, look_on
from bavn.wire.safe import Safe
from tests.actor.evidence.conftest import suspicion
from tests.app.accept.test_accept_pages import KEY
from tests.keyholder.conftest import TODAY
from tests.keyholder.holders import DEAD, Circle
from tests.keyholder.test_parts import Way, wrong_round

HOLDERS = (
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
    made = bench(HOLDERS, circle.clock)
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
    for language, said in {"en": "with a warning", "da": "med en advarsel"}.items():
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


def test_one_without_tomorrows_keys_or_with_others_ending_certificates_a_clock_that_is_off_and_open_keys(
    site, monkeypatch
) -> None:
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
    del site.ways[2].keys
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


def test_it_asks_about_the_tier_of_the_last_round_and_a_node_that_never_ran_was_not_tested(site) -> None:
    site.run(KeyHolderCheck())
    assert {asked.tier for asked in site.ways[1].asked} == {"A"}
    note = Note(kind="PartAsked", item_id="1", peer="keyholder-1", summary="round 00 tier Strong: 9 blinded elements")
    with Book(site.site.config.folder / BOOK_FILE) as book:
        Ledger(book).append(site.clock.now_us(), "door", "out", note)
    part, _ = site.run(KeyHolderCheck())
    assert (part.outcome, "tier Strong" in warned(part)["holder_1_today"]) == (Outcome.FAILED, True)
    (site.site.config.folder / BOOK_FILE).unlink()
    assert site.run(KeyHolderCheck())[0].outcome is Outcome.NOT_TESTED


def test_one_key_holder_is_another_checks_business_and_nothing_more_than_was_announced_decides(bench) -> None:
    assert part_of(KeyHolderCheck(), bench("").site).outcome is Outcome.NOT_APPLICABLE
    assert "keyholders" in required(TestKind.ACCEPTANCE)
    assert "keyholders" in required(TestKind.FINAL)
    check = KeyHolderCheck()
    measures = check.measures(None)
    readings = Readings(measures, check.acts)
    more = replace(value("more", 1), measure=shown(measures["needed"].name))
    readings.take([more])
    with pytest.raises(KeyError):
        readings.take([value("unknown", 1)])
    with pytest.raises(KeyError):
        readings.take([replace(more, measure=measures["private"])])


EVERYTHING = detectors._PACKETS | detectors._CLINICAL


def suspected(detector, host, p):
    """What a detector suspects of a host."""
    return suspicion(id=f"{detector} {host}", detector=detector, host=host, p=p)


def test_found_not_found_and_not_applicable_are_told_apart_in_each_family() -> None:
    assert set(FAMILIES) == {one.name for one in DETECTORS} | {"sigma"}
    assert len(FAMILIES) == 14
    labels = tuple(Label(name, f"10.0.0.{n}") for n, name in enumerate(("beacon", "scan", "rarity", "signature")))
    found = (
        suspected("beacon", "10.0.0.0", 0.01),
        suspected("scan", "10.0.0.1", 0.2),
        suspected("dga", "10.0.0.9", 0.01),
    )
    readings = {
        one.key: one for one in family_readings(Played(labels, found, 9, "records"), frozenset({"flow", "dns"}))
    }
    assert readings["beacon"].value == "yes"
    assert (readings["scan"].value, readings["scan"].reason.en) == ("no", "only p 0.200")
    assert readings["rarity"].missing is readings["signature"].missing is Outcome.NOT_APPLICABLE
    assert "alert" in readings["signature"].reason.en
    assert readings["others"].value == 1
    readings = {one.key: one for one in family_readings(Played(labels, (), 9, "records"), EVERYTHING)}
    assert [readings[one.family].value for one in labels] == ["no"] * 4
    elsewhere = replace(found[0], host="10.0.0.77")
    readings = {one.key: one for one in family_readings(Played(labels, (elsewhere,), 9, "records"), EVERYTHING)}
    assert readings["beacon"].value == "no"


def test_what_a_node_reads_says_what_its_detectors_may_miss_and_a_small_network_has_no_room(bench) -> None:
    assert reads(bench("").site.config) == frozenset()
    assert reads(bench('[sense]\nnetflow_listen = "127.0.0.1:2055"\n').site.config) == {"flow"}
    assert "alert" in reads(bench('[sense]\ncaptures_folder = "x"\n').site.config)
    assert "alert" not in reads(bench('[sense]\nzeek_folder = "x"\n').site.config)
    part, _ = bench("").run(DetectorCheck())
    assert part.outcome is Outcome.NOT_APPLICABLE
    with pytest.raises(NoRoom):
        room(("10.0.0.0/27", "fc00::/7"))
    made = bench('[node]\nactor = "region-a"\nhomes = ["10.0.0.0/27"]\n[sense]\ncaptures_folder = "x"\n')
    assert made.run(DetectorCheck())[0].outcome is Outcome.NOT_TESTED


@pytest.mark.slow
def test_a_node_that_reads_flows_finds_what_flows_show_and_says_what_it_lacks(bench) -> None:
    made = bench('[sense]\nnetflow_listen = "127.0.0.1:2055"\n')
    part, figures = made.run(DetectorCheck())
    assert part.outcome is Outcome.PASSED, {key: (one.value, one.reason) for key, one in figures.items()}
    by = {key: figures[key].outcome for key in FAMILIES}
    assert by["scan"] is by["long"] is by["exfil"] is Outcome.PASSED
    assert by["signature"] is by["sigma"] is by["dga"] is Outcome.NOT_APPLICABLE


@pytest.mark.slow
def test_a_sensor_that_is_not_installed_was_not_tested(bench, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    part, figures = bench('[sense]\ncaptures_folder = "x"\n').run(DetectorCheck())
    assert part.outcome is not Outcome.PASSED
    assert "not installed" in (part.fault or figures["beacon"].reason.en)
