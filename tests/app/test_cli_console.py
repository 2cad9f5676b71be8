"""The console and its accounts from the command line: a process of its own, with people who outlive a backup."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bavn.app.access.accounts import Accounts
from bavn.app.access.book import open_book
from bavn.app.access.rights import Right, Role
from bavn.app.access.sessions import Sessions, Tokens
from bavn.app.cli.centre.main import app as centre
from bavn.app.cli.node.main import app as node
from bavn.app.process.exits import Exit, Stop
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from tests.people import Runner as CliRunner
from tests.people import token_file


def run(app, config, *words, code=0, env=None):
    done = CliRunner().invoke(app, [*map(str, words), "--config", str(config)], env=env)
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


def begun(folder):
    """The book of a centre that has run."""
    with Book(folder / "centre-book.db") as book:
        Ledger(book)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text('[place]\nfolder = "first"\n[console]\nlisten = "127.0.0.1:0"\n')
    run(centre, file, "init")
    return file


def test_accounts_are_added_listed_changed_and_shut_out(config) -> None:
    made = run(centre, config, "account", "add", "Anna Berg", "--role", "analyst", "--role", "auditor").stdout
    assert re.search(r"/link#[\w-]{43}$", made, re.MULTILINE)
    assert "15 minutes" in made
    row = json.loads(run(centre, config, "account", "list", "--json").stdout)
    assert (row["name"], row["state"], row["roles"]) == ("Anna Berg", "active", ["analyst", "auditor"])
    run(centre, config, "account", "add", "anna berg", "--role", "analyst", code=Exit.NOT_NOW)
    run(centre, config, "account", "add", "Bo Lund", "--role", "soc", code=Exit.USAGE)
    run(centre, config, "account", "roles", "Anna Berg", "--role", "approver")
    run(centre, config, "account", "disable", "Anna Berg")
    assert json.loads(run(centre, config, "account", "list", "--json").stdout)["state"] == "disabled"
    run(centre, config, "account", "enable", "Anna Berg")
    again = run(centre, config, "account", "reset", "Anna Berg").stdout
    assert "/link#" in again
    assert "1 minute." in run(centre, config, "account", "link", "Anna Berg", "--minutes", "1").stdout
    run(centre, config, "account", "link", "Anna Berg", "--minutes", "61", code=2)
    run(centre, config, "account", "link", "Nobody Here", code=Exit.NOT_FOUND)
    assert again.splitlines()[1] != made.splitlines()[1]
    run(centre, config, "account", "disable", "Nobody Here", code=Exit.NOT_FOUND)
    lines = [json.loads(line) for line in run(centre, config, "account", "log").stdout.splitlines()]
    assert [one["act"] for one in lines] == [
        "account-added",
        "link-made",
        "account-changed",
        "account-disabled",
        "account-enabled",
        "account-reset",
        "link-made",
        "link-made",
    ]
    assert not any(link in json.dumps(lines) for link in re.findall(r"#([\w-]{43})", made + again))
    assert "(local " in lines[0]["who"]
    assert "holds" in run(centre, config, "account", "log", "--verify").stdout


def test_a_nodes_accounts_may_be_for_some_nodes_alone(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "region-nord"\n')
    run(node, file, "account", "add", "Bo Lund", "--role", "operator", "--actor", "region-nord")
    row = json.loads(run(node, file, "account", "list", "--json").stdout)
    assert (row["roles"], row["actors"]) == (["operator"], ["region-nord"])
    run(node, file, "account", "add", "Anna Berg", "--role", "approver", code=Exit.USAGE)
    run(node, file, "account", "add", "Anna Berg", "--role", "soc", "--actor", "../x", code=Exit.USAGE)


@pytest.mark.slow
def test_accounts_outlive_a_restore_but_nothing_that_was_open_does(config, tmp_path) -> None:
    run(centre, config, "account", "add", "Anna Berg", "--role", "analyst")
    folder = tmp_path / "first"
    begun(folder)
    run(centre, config, "audit")
    book = open_book(folder)
    secret = Sessions(book, idle_us=10**12, whole_us=10**12).begin("Anna Berg", "passkey", "192.0.2.1", "x")
    _, token = Tokens(book).make("Anna Berg", "t", frozenset({Right.READ}), 9)
    book.close()
    (tmp_path / "phrase").write_text("correct horse battery staple")
    (tmp_path / "phrase").chmod(0o600)
    keys = ("--keys", tmp_path / "phrase")
    told = json.loads(run(centre, config, "backup", tmp_path / "b.zip", "--json", *keys).stdout)
    assert told["broken"] == []
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        kept = packed.read("console.db")
    assert b"Anna Berg" in kept
    assert b"192.0.2.1" not in kept.replace(b'"address":"192.0.2.1"', b"")
    second = tmp_path / "second.toml"
    second.write_text('[place]\nfolder = "second"\n')
    run(centre, second, "restore", tmp_path / "b.zip", "--by", "Anna Berg", *keys)
    book = open_book(tmp_path / "second")
    assert Accounts(book).find("Anna Berg").roles == {Role.ANALYST}
    assert Sessions(book, idle_us=10**12, whole_us=10**12).find(secret) is None
    assert Tokens(book).find(token) is None
    assert [line.act for line in reversed(book.latest(2, None))] == ["token-made", "restored"]
    book.close()
    assert not list((tmp_path / "second").glob("*.coming*"))


def test_a_broken_console_log_is_told_by_the_backup_and_never_put_back(config, tmp_path) -> None:
    run(centre, config, "account", "add", "Anna Berg", "--role", "analyst")
    begun(tmp_path / "first")
    book = open_book(tmp_path / "first")
    with book.writing() as tx:
        tx.exec_driver_sql("UPDATE case_audit SET who = 'Bo Lund'")
    book.close()
    run(centre, config, "backup", tmp_path / "b.zip", code=Exit.BROKEN)
    second = tmp_path / "second.toml"
    second.write_text('[place]\nfolder = "second"\n')
    run(centre, second, "restore", tmp_path / "b.zip", "--by", "Anna Berg", code=Exit.INPUT)
    assert not list((tmp_path / "second").glob("console*"))


@pytest.mark.slow
def test_the_console_runs_beside_and_ends_within_seconds(config) -> None:
    words = [sys.executable, "-m", "bavn.app.cli", "centre", "console", "--config", str(config)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"LC_ALL": "C"})
    try:
        address = json.loads(process.stdout.readline())["console"]
        with httpx.Client(base_url=address, trust_env=False) as client:
            for _ in range(100):
                try:
                    answer = client.get("/api/v1/me")
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            assert (answer.status_code, answer.headers["x-frame-options"]) == (401, "DENY")
            assert client.get("/api/v1/logon").json() == {"oidc": None}
            assert client.get("/api/v1/logon", headers={"host": "evil.example"}).status_code == 421
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert process.wait(20) == 0
            assert time.monotonic() - began < 5
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("proof", ["token", "key"])
def test_a_new_centres_first_account_acts_from_the_command_line_alone(config, tmp_path, proof) -> None:
    run(centre, config, "account", "add", "Anna Berg", "--role", "admin")
    held = tmp_path / "hers"
    if proof == "token":
        run(centre, config, "account", "token", "Anna Berg", "--out", held)
    else:
        key = Ed25519PrivateKey.generate()
        held.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        held.chmod(0o600)
        public = tmp_path / "hers.pub"
        public.write_bytes(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
        run(centre, config, "account", "key", "Anna Berg", "--public", public)
    hers = {f"BAVN_{proof.upper()}_FILE": str(held)}
    run(centre, config, "account", "add", "Bo Lund", "--role", "analyst", env=hers)
    run(centre, config, "account", "link", "Anna Berg", env=hers, code=Exit.NOT_NOW)
    lines = [json.loads(line) for line in run(centre, config, "account", "log").stdout.splitlines()]
    assert [(line["act"], line["who"]) for line in lines[-2:]] == [
        ("account-added", "Anna Berg"),
        ("link-made", "Anna Berg"),
    ]
    run(centre, config, "account", "disable", "Anna Berg")
    run(centre, config, "account", "add", "Cy Dam", "--role", "analyst", env=hers, code=Exit.REFUSED)
    run(centre, config, "account", "token", "Anna Berg", "--out", tmp_path / "more", code=Exit.USAGE)
    run(centre, config, "account", "token", "Nobody Here", "--out", tmp_path / "more", code=Exit.NOT_FOUND)


def test_whoever_acts_by_a_token_changes_others_alone_and_gives_out_no_nodes_but_their_own(tmp_path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "region-a"\n')
    (tmp_path / "data").mkdir()
    run(node, file, "account", "add", "Bo Lund", "--role", "soc", "--actor", "region-b")
    by = ("--by", "Anna Berg")
    token_file(file, "Anna Berg", "soc")
    run(node, file, "account", "roles", "Anna Berg", "--role", "operator", *by, code=Exit.NOT_NOW)
    run(node, file, "account", "disable", "Anna Berg", *by, code=Exit.NOT_NOW)
    run(node, file, "account", "roles", "Anna Berg", "--role", "operator", "--actor", "region-a")
    mine = json.loads(run(node, file, "account", "list", "--json").stdout.splitlines()[0])
    assert (mine["name"], mine["actors"]) == ("Anna Berg", ["region-a"])
    run(node, file, "account", "disable", "Bo Lund", *by, code=Exit.NOT_FOUND)
    token_file(file, "Di Eg", "soc")
    run(node, file, "account", "token", "Di Eg", "--out", tmp_path / "hers", *by, code=Exit.NOT_FOUND)
    run(node, file, "account", "token", "Anna Berg", "--out", tmp_path / "own", *by)
    run(node, file, "account", "key", "Di Eg", "--drop", "1", *by, code=Exit.NOT_FOUND)
    for actor in ((), ("--actor", "region-b")):
        run(node, file, "account", "add", "Cy Dam", "--role", "soc", *actor, *by, code=Exit.NOT_NOW)
    run(node, file, "account", "add", "Cy Dam", "--role", "soc", "--actor", "region-a", *by)
