"""Two people are two accounts: each act that needs two, by the command line as people run it, with every proof."""

import base64
import json
import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typer.testing import CliRunner

from bavn.app.access.accounts import Accounts
from bavn.app.access.book import open_book
from bavn.app.access.keys import Keys, to_sign
from bavn.app.access.proving import lately, raw
from bavn.app.access.rights import ROLES, Right, rights_of
from bavn.app.access.sessions import Tokens
from bavn.app.cli.centre.main import app
from bavn.app.config.load import read_centre
from bavn.app.process.exits import Exit, Stop
from bavn.centre.cases import audit
from bavn.model.principal import APART_HOURS
from bavn.model.sector.alarm import KINDS
from bavn.rehearsal.clock import SimClock
from tests.people import token_file

ROOT = os.getuid() == 0


def run(config, *words, env=None, code=0):
    env = {"BAVN_TOKEN_FILE": "", "BAVN_KEY_FILE": ""} | (env or {})
    done = CliRunner().invoke(app, [*map(str, words), "--config", str(config)], env=env)
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def why(done):
    return str(done.exception)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A centre with two people, made once and copied for each test."""
    file = tmp_path_factory.mktemp("first") / "centre.toml"
    file.write_text('[place]\nfolder = "centre"\n')
    run(file, "init")
    for name in ("Anna Berg", "Bo Lund"):
        token_file(file, name)
    return file


@pytest.fixture
def config(first, tmp_path):
    shutil.copytree(first.parent, tmp_path / "c")
    return tmp_path / "c" / "centre.toml"


def by(config, name):
    return {"BAVN_TOKEN_FILE": str(token_file(config, name))}


def policy(config, env):
    run(config, "policy", "propose", "quick", "--until", until(), "--score-min", "9", env=env)
    return "policy", "approve", rows(config, "policy", "list")[-1]["policy"]


def indicator(config, env):
    run(config, "indicator", "draft", "domain:evil-relay.dk", "--why", "x", "--technique", "T1071.001", env=env)
    run(config, "indicator", "review", "domain:evil-relay.dk", "--why", "x", env=env)
    return "indicator", "approve", "domain:evil-relay.dk", "--why", "x"


def direct(config, env):
    return *indicator(config, env)[:1], "release", "domain:evil-relay.dk", "--why", "x"


def switch(config, env):
    run(config, "kill-switch", "on", "--why", "x", env=env)
    run(config, "kill-switch", "off", "--why", "x", env=env)
    return "kill-switch", "off", "--why", "x"


ACTS = {"policy": policy, "approve": indicator, "release": direct, "switch": switch}


def until():
    import datetime as dt

    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).strftime("%Y-%m-%d")


def rows(config, *words):
    return [json.loads(line) for line in run(config, *words, "--json").stdout.splitlines()]


def log(config):
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{read_centre(config).folder / 'centre.db'}")
    try:
        assert audit.verify(engine) is None
        return list(audit.every(engine))
    finally:
        engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_each_act_takes_two_accounts_and_nothing_less(config, act, tmp_path) -> None:
    anna = by(config, "Anna Berg")
    second = ACTS[act](config, anna)
    run(config, *second, env=anna, code=Exit.NOT_NOW)
    other = tmp_path / "other"
    run(config, "account", "token", "Anna Berg", "--out", other)
    run(config, *second, env={"BAVN_TOKEN_FILE": str(other)}, code=Exit.NOT_NOW)
    said = why(run(config, *second, "--by", "Bo Lund", code=Exit.NOT_NOW))
    assert "at the machine itself" in said, "a typed name is a note of who runs it, no person"
    run(config, *second, env=by(config, "Bo Lund"))
    proved = [json.loads(line.detail).get("proved") for line in log(config) if line.who == "Bo Lund"]
    assert proved[-1]["id"].startswith("account:")
    assert proved[-1]["how"].startswith("token ")


@pytest.mark.skipif(not ROOT, reason="only root acts in the place of a second person")
@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_local_root_does_all_alone_and_says_so(config, act) -> None:
    second = ACTS[act](config, {})
    said = why(run(config, *second, code=Exit.NOT_NOW))
    assert "--as-local-root" in said
    run(config, *second, "--as-local-root", "the others are away")
    lines = log(config)
    told = next(line for line in lines if line.act == audit.LOCAL_ROOT)
    assert told.who == "root (local root, for a second person)"
    assert json.loads(told.detail)["why"] == "the others are away"
    assert json.loads(lines[-2].detail)["proved"]["how"].startswith("local root, uid 0")
    assert "for_a_second_person" in json.loads(lines[-2].detail)["proved"]


def test_who_has_a_token_is_not_root_for_a_second(config) -> None:
    anna = by(config, "Anna Berg")
    run(config, *policy(config, anna), "--as-local-root", "x", env=anna, code=Exit.REFUSED)
    assert "local-root" in KINDS


def test_a_proof_that_is_not_good_is_nobody(config, tmp_path) -> None:
    bo = by(config, "Bo Lund")
    second = policy(config, by(config, "Anna Berg"))
    folder = read_centre(config).folder
    book = open_book(folder)
    (token,) = Tokens(book).of("Bo Lund")
    book.close()
    run(config, "account", "disable", "Bo Lund")
    run(config, *second, env=bo, code=Exit.REFUSED)
    run(config, "account", "enable", "Bo Lund")
    run(config, *second, env=bo, code=Exit.REFUSED)  # what was shut out ended its tokens
    forged = tmp_path / "forged"
    forged.write_text("bavn_" + "x" * 43)
    forged.chmod(0o644)
    run(config, *second, env={"BAVN_TOKEN_FILE": str(forged)}, code=Exit.CONFIGURATION)
    forged.chmod(0o600)
    run(config, *second, env={"BAVN_TOKEN_FILE": str(forged)}, code=Exit.REFUSED)
    ended = tmp_path / "ended"
    run(config, "account", "token", "Anna Berg", "--out", ended)
    book = open_book(folder)
    made = Tokens(book).of("Anna Berg")[0]
    book.close()
    run(config, "account", "end-token", "Anna Berg", made.id)
    run(config, "cases", env={"BAVN_TOKEN_FILE": str(ended)})
    run(config, *second, env={"BAVN_TOKEN_FILE": str(ended)}, code=Exit.REFUSED)
    assert token.made_by == ""


def test_a_token_is_over_at_its_end_and_an_analyst_approves_nothing(tmp_path) -> None:
    clock = SimClock(1_790_000_000_000_000)
    book = open_book(tmp_path, clock)
    accounts = Accounts(book, ROLES["sac"])
    accounts.add("Bo Lund", frozenset({next(r for r in ROLES["sac"] if r == "analyst")}), None, "x (local root)")
    made = Tokens(book).make("Bo Lund", "t", frozenset({Right.TRIAGE}), 1)
    assert made is not None
    assert Tokens(book).find(made[1]) is not None
    clock.advance(25 * 3_600_000_000)
    assert Tokens(book).find(made[1]) is None
    assert Right.APPROVE not in rights_of(frozenset(accounts.find("Bo Lund").roles))
    book.close()


def key_files(folder):
    key = Ed25519PrivateKey.generate()
    private, public = folder / "id", folder / "id.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    private.chmod(0o600)
    public.write_bytes(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    return key, private, public


def test_a_key_of_ones_own_is_a_proof_once_it_is_registered(config, tmp_path) -> None:
    second = policy(config, by(config, "Anna Berg"))
    by(config, "Bo Lund")
    _, private, public = key_files(tmp_path)
    env = {"BAVN_KEY_FILE": str(private)}
    run(config, *second, env=env, code=Exit.REFUSED)
    run(config, "account", "key", "Bo Lund", "--public", public)
    run(config, "account", "key", "Anna Berg", "--public", public, code=Exit.NOT_NOW)
    run(config, *second, env=env)
    assert json.loads(log(config)[-1].detail)["proved"]["how"].startswith("key ")
    assert rows(config, "policy", "list")[-1]["in_force"]


def test_a_signature_is_good_once_for_one_purpose_by_one_key(tmp_path) -> None:
    book = open_book(tmp_path)
    Accounts(book, ROLES["sac"]).add("Bo Lund", ROLES["sac"], None, "x (local root)")
    keys, (key, _, _), other = Keys(book), key_files(tmp_path), Ed25519PrivateKey.generate()
    public = raw(key.public_key())
    keys.add("Bo Lund", public, "laptop", "x (local root)")

    def prove(challenge, purpose, signer=key, signed=None):
        return keys.prove(challenge, purpose, public, signer.sign(signed or to_sign(challenge, purpose)))

    challenge = keys.challenge("release")
    assert prove(challenge, "release") is not None
    assert prove(challenge, "release") is None, "replayed"
    assert prove(keys.challenge("show"), "release") is None, "asked for something else"
    assert prove(keys.challenge("release"), "release", other) is None, "forged"
    assert prove(keys.challenge("release"), "release", signed=b"release") is None
    assert prove(base64.b64encode(b"x" * 32).decode(), "release") is None, "a challenge that nobody gave"
    Accounts(book, ROLES["sac"]).disable("Bo Lund", "x (local root)")
    assert prove(keys.challenge("release"), "release") is None, "shut out"
    book.close()


def test_whoever_made_or_changed_an_account_is_not_two_with_it_for_a_week(tmp_path) -> None:
    clock = SimClock(1_790_000_000_000_000)
    book = open_book(tmp_path, clock)
    accounts = Accounts(book, ROLES["sac"])
    accounts.add("Anna Berg", ROLES["sac"], None, "root (local root)")
    accounts.add("Puppet", ROLES["sac"], None, "Anna Berg")
    assert lately(book, "Puppet") == {"Anna Berg"}
    assert lately(book, "Anna Berg") == {"Puppet"}
    clock.advance(APART_HOURS * 3_600_000_000 + 1)
    assert lately(book, "Puppet") == frozenset()
    accounts.reset("Puppet", "Anna Berg")
    assert lately(book, "Puppet") == {"Anna Berg"}
    book.close()


def test_an_account_made_by_the_first_is_not_the_second(config) -> None:
    anna = by(config, "Anna Berg")
    second = policy(config, anna)
    run(config, "account", "add", "Puppet", "--role", "approver", env=anna)
    folder = read_centre(config).folder
    book = open_book(folder)
    made = Tokens(book).make("Puppet", "t", frozenset({Right.APPROVE}), 1)
    book.close()
    assert made is not None
    file = Path(folder) / "puppet"
    file.touch(0o600)
    file.write_text(made[1])
    said = why(run(config, *second, env={"BAVN_TOKEN_FILE": str(file)}, code=Exit.NOT_NOW))
    assert f"{APART_HOURS} hours" in said


def test_a_name_of_before_counts_for_nobody(config) -> None:
    from sqlalchemy import create_engine, text

    from bavn.model.principal import typed

    second = policy(config, by(config, "Anna Berg"))
    engine = create_engine(f"sqlite:///{read_centre(config).folder / 'centre.db'}")
    with engine.begin() as tx:
        tx.execute(text("UPDATE case_policy SET proposed_by = :name"), {"name": typed("Anna Berg")})
    engine.dispose()
    assert "nobody proved" in why(run(config, *second, env=by(config, "Bo Lund"), code=Exit.NOT_NOW))
    assert rows(config, "policy", "list")[-1]["proposed_by"] == "Anna Berg (typed, not proved)"


@pytest.mark.parametrize("words", [("case", "case-none", "release"), ("kill-switch", "off", "--why", "over")])
def test_a_step_that_needs_another_right_than_its_command_asks_the_account_for_it(config, words) -> None:
    book = open_book(read_centre(config).folder)
    made = Tokens(book).make("Anna Berg", "t", frozenset({Right.TRIAGE}), 1)
    book.close()
    assert made is not None
    file = config.parent / "triage"
    file.touch(0o600)
    file.write_text(made[1])
    said = why(run(config, *words, env={"BAVN_TOKEN_FILE": str(file)}, code=Exit.REFUSED))
    assert "lacks the right approve" in said
