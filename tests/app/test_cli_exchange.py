"""Files for partners: the same gate as over TAXII, a round trip, and what people see of offers."""

import json

import pytest

from bavn.app.centre.exchange.taxii_parts import open_counter
from bavn.app.centre.parts import BOOK_FILE, open_registry
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.party_keys import PartyKeys
from bavn.app.process.real import SystemClock
from bavn.centre.node.build import open_share
from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.share import ShareRequest
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable
from bavn.wire.book import Book
from tests.people import Runner as CliRunner

WATCHED = ("evil.example.com", "worse.example.com", "secret.example.com")


@pytest.fixture
def centre(tmp_path):
    """Makes centres: each in a folder of its own with what it released."""

    def made(name, **released):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "centre.toml"
        file.write_text(f'[centre]\nsector = "{name}"\n')
        run(file, "init")
        read = read_centre(file)
        registry, keys = open_registry(read), PartyKeys(read.folder, "centre")
        registry.add("north", "region")
        with Book(read.folder / BOOK_FILE) as book:
            share = open_share(
                read.centre,
                engine=registry.engine,
                book=book,
                key=keys.message_key(),
                clock=SystemClock(),
                registry=registry,
            )
            wishes = [
                ShareRequest(
                    observable=Observable.of("domain", value),
                    case_id="case-00000000000000aa",
                    technique="T1071.001",
                    tlp=tlp,
                    pap=Pap.GREEN,
                    days=30,
                    confidence=80,
                    grounds=Grounds(score=9.0, groups=3, listed=(), approved_by="Anna Berg", people=TWO),
                )
                for value, tlp in released.values()
            ]
            assert share.release(wishes, 1) == {}
        registry.engine.dispose()
        return file

    return made


TWO = ("Anna Berg", "Bo Lund")


def run(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def giver(centre):
    file = centre("giver", a=(WATCHED[0], Tlp.GREEN), b=(WATCHED[1], Tlp.CLEAR), c=(WATCHED[2], Tlp.RED))
    run(file, "partner", "add", "cert-nord", "--out-collections", "released", "--by", "Anna Berg")
    return file


@pytest.fixture
def taker(centre):
    file = centre("taker")
    run(file, "partner", "add", "cert-syd", "--in-trust", "50", "--by", "Bo Lund")
    return file


def offered(taker, file):
    """The partner cert-syd posts what the file holds; why each object was refused."""
    with open_counter(read := read_centre(taker), open_registry(read), read.folder / BOOK_FILE) as counter:
        partner = counter.partners.get("cert-syd")
        return [done.why for done in counter.offers.post(partner, json.loads(file.read_text())["objects"])]


def test_a_file_for_a_partner_holds_what_it_may_have_and_reads_as_offers(giver, taker, tmp_path) -> None:
    file = tmp_path / "out.json"
    told = run(giver, "export", "--to", "cert-nord", "--stix", str(file))
    assert "2 indicators for cert-nord" in told.output
    text = file.read_text()
    assert WATCHED[2] not in text
    assert "case-" not in text
    refused = offered(taker, file)
    assert refused.count("") == 2
    assert set(refused) <= {"", "only_indicators: only indicators are taken"}
    found = rows(run(taker, "offers", "--json"))
    assert {
        (one["observable"], one["tlp"], one["pap"], one["stated"], one["confidence"], one["technique"]) for one in found
    } == {
        (f"domain:{WATCHED[0]}", "TLP:GREEN", "GREEN", 80, 40, "T1071.001"),
        (f"domain:{WATCHED[1]}", "TLP:CLEAR", "GREEN", 80, 40, "T1071.001"),
    }
    assert not any(one["may_block"] for one in found)
    assert rows(run(taker, "indicators", "--json")) == [], "nothing is released by taking it in"


def test_each_object_in_a_file_has_its_line_in_the_ledger(giver, tmp_path) -> None:
    file = tmp_path / "out.json"
    run(giver, "export", "--to", "cert-nord", "--stix", str(file))
    lines = [line for line in rows(run(giver, "ledger", "--json")) if line["kind"] == "PartnerObject"]
    assert len(lines) == len(json.loads(file.read_text())["objects"]) + 1
    assert [(line["rule"], line["peer"]) for line in lines if line["verdict"] == "refused"] == [
        ("tlp_max", "partner:cert-nord")
    ]
    assert "the chain holds" in run(giver, "ledger", "--verify").stdout


def test_offers_are_shown_in_danish_too(giver, taker, tmp_path) -> None:
    file = tmp_path / "out.json"
    run(giver, "export", "--to", "cert-nord", "--stix", str(file))
    offered(taker, file)
    assert "må spærre" in run(taker, "offers", "--language", "da").stdout
    shown = run(taker, "offers", "--from", "cert-syd").stdout
    assert "may block" in shown
    assert WATCHED[0] in shown


def test_a_screen_is_a_file_too(giver) -> None:
    assert WATCHED[0] in run(giver, "export", "--to", "cert-nord", "--stix", "-").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("export", "--to", "cert-nord"), Exit.USAGE),
        (("export", "--to", "nobody-here", "--stix", "-"), Exit.NOT_FOUND),
        (("export", "--to", "cert-nord", "--stix", "-", "--collection", "files"), Exit.REFUSED),
        (("export", "--to", "cert-nord", "--stix", "/nowhere/at/all"), Exit.INPUT),
        (("offers", "--from", "nobody-here"), Exit.NOT_FOUND),
    ],
)
def test_what_is_wrong_is_one_clear_error(giver, words, code) -> None:
    assert str(run(giver, *words, code=code).exception)
