"""`bavn centre log` and `bavn audit`: what a person who trusts nobody does, from the key to the proof in a drawer."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from bavn.app.centre.log_folder import DiskLogFolder
from bavn.app.centre.parts import init, log_folder, log_verifier, open_registry
from bavn.app.cli.centre.main import app as centre
from bavn.app.cli.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.party_keys import PartyKeys
from bavn.centre.node.build import log_key
from bavn.centre.store import log
from bavn.centre.store.engine import writing
from bavn.centre.store.log_keeper import LogForked, LogKeeper
from bavn.model.ports import LinkDown
from bavn.rehearsal.clock import SimClock
from bavn.tlog.checkpoint import witness_of
from bavn.traffic.dice import SeededDice
from tests.wire.test_round_audit import KEY, WITNESSES, a_round

NOW_US = 1_800_000_000_000_000


class Kept:
    """A centre's log on the disk, which grows when the test says so."""

    def __init__(self, config):
        self.file = read_centre(config)
        init(self.file)
        self.engine = open_registry(self.file).engine
        self.folder = log_folder(self.file)
        self.clock = SimClock(NOW_US)
        key = log_key(PartyKeys(self.file.folder, "centre").message_key())
        disk = DiskLogFolder(self.folder)
        self.keeper = LogKeeper(
            self.engine, disk, key, log_verifier(self.file).name, self.clock, SeededDice(1), "0.1.0"
        )
        self.key = log_verifier(self.file).text()

    def grow(self, count):
        with writing(self.engine) as tx:
            for number in range(count):
                log.append(tx, "act", self.clock.now_us(), content={"line": number})
        self.clock.advance(6_000_000)
        self.keeper.step()


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text('[centre]\nsector = "hospitals"\n')
    return file


@pytest.fixture
def kept(config):
    made = Kept(config)
    made.grow(3)
    yield made
    made.engine.dispose()


def audited(*words):
    return CliRunner().invoke(app, ["audit", *map(str, words)])


def test_the_centre_says_how_its_log_stands_and_with_which_key_it_is_checked(kept, config) -> None:
    said = CliRunner().invoke(centre, ["log", "--config", str(config)]).stdout
    assert "bavn/hospitals: 4 entries under the checkpoint of 2027-01-15T08:00:06Z, 0 since" in said
    assert kept.key in said
    row = json.loads(CliRunner().invoke(centre, ["log", "--json", "--config", str(config)]).stdout)
    assert (row["size"], row["kinds"], row["key"]) == (4, {"act": 3, "software": 1}, kept.key)


def test_the_books_are_held_against_the_log(config) -> None:
    made = Kept(config)
    made.grow(0)
    words = ["log", "--books", "--config", str(config)]
    assert CliRunner().invoke(centre, words).stdout.count("  holds: ") == 6
    with writing(made.engine) as tx:
        log.append(tx, "act", made.clock.now_us(), content={"line": 7_000, "hash": "0" * 64})
    done = CliRunner().invoke(centre, [*words, "--json"])
    made.engine.dispose()
    assert done.exit_code == Exit.DISPROVED
    (wrong,) = [row for row in json.loads(done.stdout) if not row["good"]]
    assert (wrong["check"], wrong["evidence"]) == ("acts", True)
    assert wrong["says"] == "line 7000 of the audit log is gone, and the log has its entry"


def test_before_it_ran_there_is_no_checkpoint(config) -> None:
    init(read_centre(config))
    assert "No checkpoint yet" in CliRunner().invoke(centre, ["log", "--config", str(config)]).stdout


def test_a_log_is_checked_kept_and_checked_again(kept, tmp_path) -> None:
    seen = tmp_path / "seen"
    assert audited(kept.folder, "--key", kept.key, "--keep", seen).exit_code == 0
    assert seen.read_bytes() == (kept.folder / "checkpoint").read_bytes()
    kept.grow(300)
    done = audited(kept.folder, "--key", kept.key, "--keep", seen, "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["good"], said["size"]) == (0, True, 304)
    assert [finding["check"] for finding in said["findings"]] == ["signature", "whole", "grown"]


def test_a_past_that_was_changed_ends_with_a_code_of_its_own_and_the_kept_checkpoint_stays(kept, tmp_path) -> None:
    seen = tmp_path / "seen"
    audited(kept.folder, "--key", kept.key, "--keep", seen)
    before = seen.read_bytes()
    bundle = kept.folder / "tile/entries/000.p/4"
    bundle.write_bytes(bundle.read_bytes().replace(b"0.1.0", b"0.1.1"))
    done = audited(kept.folder, "--key", kept.key, "--keep", seen)
    assert done.exit_code == Exit.DISPROVED
    assert "DOES NOT HOLD: The entries are not those that were signed" in done.stdout
    assert "Nothing before entry" not in done.stdout
    assert "not all entries are there as they were signed" in done.stdout
    assert "it is evidence" in done.stdout
    assert seen.read_bytes() == before


def test_what_is_not_there_yet_is_no_evidence_against_the_log(kept) -> None:
    eye = witness_of(b"w" * 32).text()
    for asked in (("--entry", 9999), ("--holds", "not-there"), ("--witness", eye)):
        done = audited(kept.folder, "--key", kept.key, *asked)
        assert done.exit_code == Exit.NOT_FOUND, done.output
        assert "DOES NOT HOLD" in done.stdout
        assert "it is evidence" not in done.stdout
        assert "no evidence against the log" in done.stdout
        said = json.loads(audited(kept.folder, "--key", kept.key, *asked, "--json").stdout)
        assert (said["good"], said["evidence"]) == (False, False)


def test_a_proof_is_written_and_holds_without_the_log(kept, tmp_path) -> None:
    proof, key = tmp_path / "entry.tlog-proof", tmp_path / "key"
    key.write_text(kept.key)
    assert audited(kept.folder, "--key", key, "--holds", "0.1.0", "--proof", proof).exit_code == 0
    done = audited(proof, "--key", key)
    assert done.exit_code == 0
    assert "Entry 3 is in the log" in done.stdout
    proof.write_text(proof.read_text().replace("index 3", "index 2"))
    assert audited(proof, "--key", key).exit_code == Exit.DISPROVED


def test_it_is_said_in_the_readers_language(kept) -> None:
    assert "holder" in audited(kept.folder, "--key", kept.key, "--language", "da").stdout


def test_a_log_is_read_from_any_web_server(kept) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=kept.folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        assert audited(url, "--key", kept.key).exit_code == 0
        kept.grow(300)
        assert audited(url, "--key", kept.key, "--entry", 200).exit_code == 0
        with pytest.raises(Stop) as stop:
            app(["audit", f"{url}/elsewhere", "--key", kept.key], standalone_mode=False)
        assert stop.value.code == Exit.NOT_FOUND
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(LinkDown):
        app(["audit", url, "--key", kept.key], standalone_mode=False)


def test_what_is_no_key_and_no_log_is_said(kept, tmp_path) -> None:
    for source, key, code in ((kept.folder, "nonsense", Exit.INPUT), (tmp_path, kept.key, Exit.NOT_FOUND)):
        with pytest.raises(Stop) as stop:
            app(["audit", str(source), "--key", key], standalone_mode=False)
        assert stop.value.code == code


def test_files_are_for_everybody_to_read_and_whole_ones_take_the_place_of_parts(kept) -> None:
    kept.grow(300)
    names = sorted(str(path.relative_to(kept.folder)) for path in kept.folder.rglob("*") if path.is_file())
    assert names == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/48",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/48",
    ]
    assert (kept.folder / "checkpoint").stat().st_mode & 0o777 == 0o644


def test_a_log_is_begun_anew_with_a_reason_and_the_old_one_stays_to_be_checked(kept, config, tmp_path) -> None:
    """As where somebody put an older file of the database back: the folder knows more."""
    before = (kept.folder / "checkpoint").read_bytes()
    done = CliRunner().invoke(centre, ["log", "--config", str(config), "--begin-anew", "an older copy", "--by", "anne"])
    assert "No checkpoint yet" in done.stdout
    with pytest.raises(LogForked):
        kept.grow(1)
    kept.grow(0)
    said = json.loads(CliRunner().invoke(centre, ["log", "--json", "--config", str(config)]).stdout)
    assert said["origin"].startswith("bavn/hospitals/20")
    assert (said["size"], said["kinds"]) == (6, {"act": 5, "software": 1})
    assert audited(kept.folder, "--key", said["key"]).exit_code == 0
    (ended,) = (kept.folder / "ended").iterdir()
    assert (ended / "checkpoint").read_bytes() == before
    assert audited(ended, "--key", kept.key).exit_code == 0


@pytest.mark.parametrize(
    ("centre_says", "code", "words"),
    [
        (lambda hits: hits, Exit.OK, "they are what the centre found"),
        (lambda hits: hits[1:], Exit.DISPROVED, "1 hits come out that the centre left out"),
    ],
)
def test_a_round_is_computed_again_from_its_file(tmp_path, centre_says, code, words) -> None:
    """The second centre drops its first hit; with a value missing every table is drawn, so it is found."""
    file = tmp_path / "it.round-audit"
    file.write_bytes(b"".join(a_round(1, centre=centre_says, opens=2).pieces()))
    keys = [argument for each in WITNESSES for argument in ("--witness", each.text())]
    said = CliRunner().invoke(app, ["audit", str(file), "--key", KEY.text()])
    assert said.exit_code == code
    assert words in said.stdout
    assert CliRunner().invoke(app, ["audit", str(file), "--key", KEY.text(), *keys]).exit_code == Exit.NOT_FOUND
    spoilt = file.read_bytes()[:-1]
    file.write_bytes(spoilt)
    outcome = CliRunner().invoke(app, ["audit", str(file), "--key", KEY.text()])
    assert isinstance(outcome.exception, Stop)
    assert outcome.exception.code == Exit.INPUT


def test_a_round_that_is_not_there_is_no_file(config, tmp_path) -> None:
    Kept(config).engine.dispose()
    file = tmp_path / "it.round-audit"
    outcome = CliRunner().invoke(centre, ["round-audit", "ab" * 16, str(file), "--config", str(config)])
    assert isinstance(outcome.exception, Stop)
    assert outcome.exception.code == Exit.NOT_FOUND
    assert not file.exists()
