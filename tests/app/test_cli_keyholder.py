"""The key holder as a process: its own members, real TLS, one request a round, a restart that changes no id."""

import json
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from bavn.app.cli.keyholder import app
from bavn.app.keyholder.parts import PARTY
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import LinkDown, LinkRefused
from bavn.psi.round import RoundParams
from bavn.wire.book import Book
from bavn.wire.keyholder import batch_points
from bavn.wire.ledger import Ledger
from bavn.wire.links.enrolment import enrol, renew
from bavn.wire.links.holders import HolderLink, KeyHolders
from bavn.wire.links.https import LinkLimits
from bavn.wire.links.keyholder import KeyHolderIdentifiers
from bavn.wire.safe import Safe

QUICK = LinkLimits(request_s=10.0, connect_s=5.0)
ELEMENTS = [Observable.of("ip4", "100.64.7.9"), Observable.of("domain", "bad.example")]
ASKED = batch_points(100, first=True)
"""What a node asks the key holder about in the first round of a day, at M=100."""


def command(config, *words, code=0):
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    if isinstance(done.exception, Stop):
        assert done.exception.code == code, done.exception
    else:
        assert done.exit_code == code, (done.output, done.exception)
    return done


class Running:
    """The key holder of a folder, started and started again on the same port."""

    def __init__(self, folder, limits=""):
        self.config = folder / "keyholder.toml"
        self.folder, self.process, self.limits, self.port = folder, None, limits, 0
        self.log = (folder / "log").open("ab")
        self._write()
        command(self.config, "init")
        self.start()

    def _write(self):
        self.config.write_text(f"[place]\nport = {self.port}\n[limits]\n{self.limits}\n")

    def start(self):
        self._write()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bavn.app.cli", PARTY, "run", "--config", str(self.config)],
            stdout=subprocess.PIPE,
            stderr=self.log,
            stdin=subprocess.DEVNULL,
        )
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.url = f"https://127.0.0.1:{self.port}"
        ends = time.monotonic() + 60
        while len([*(self.folder / "data" / "shares").glob("*.shares")]) < 4:  # its keys are made
            assert time.monotonic() < ends
            time.sleep(0.1)

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(10)
        self.process.stdout.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        self.log.close()

    def invited(self, actor):
        said = json.loads(command(self.config, "invite", actor, "--json").stdout)
        return said["pin"], said["token"]

    def member(self, actor):
        safe = Safe(self.folder / actor)
        pin, token = self.invited(actor)
        enrol(self.url, pin, actor, token, safe, SystemDice(), QUICK)
        return safe


@pytest.fixture
def holder(tmp_path):
    running = Running(tmp_path, "rounds_per_epoch_max = 5")
    yield running
    running.close()


def joined(holder, safe, number=0):
    epoch = SystemClock().now_us() // DAY_US
    params = RoundParams(
        version=1, epoch=epoch, round_id=number.to_bytes(16), registry_version=1, tier="A", t=2, m=100, r=2
    )
    link = HolderLink(1, holder.url, safe, SystemClock(), QUICK)
    try:
        with Book() as book:
            ledger = Ledger(book)
            ask = KeyHolders(1, {1: link}, ledger, SystemClock(), SystemDice())
            return KeyHolderIdentifiers(ask, ledger, SystemClock(), SystemDice()).of(epoch, "A").join(params, ELEMENTS)
    finally:
        link.close()


@pytest.mark.slow
def test_members_get_the_same_ids_across_a_kill_and_a_stop(holder) -> None:
    north, south = holder.member("region-nord"), holder.member("region-syd")
    first = joined(holder, north)
    assert holder.end(signal.SIGKILL) == -signal.SIGKILL
    with pytest.raises(LinkDown):
        joined(holder, north)
    holder.start()
    assert joined(holder, south) == first
    assert holder.end(signal.SIGTERM) == 0
    rows = [json.loads(line) for line in command(holder.config, "usage", "--json").stdout.splitlines()]
    assert [(row["actor"], row["rounds"], row["elements"]) for row in rows] == [
        ("region-nord", 1, ASKED),
        ("region-syd", 1, ASKED),
    ]
    lines = command(holder.config, "ledger", "--verify", "--json").stdout
    assert lines.count('"PartAsked"') == 2
    assert "the chain holds" in lines


@pytest.mark.slow
def test_who_is_no_member_is_refused_and_a_member_that_is_shut_out_too(holder, tmp_path) -> None:
    north = holder.member("region-nord")
    (tmp_path / "other").mkdir()
    other = Running(tmp_path / "other")
    try:
        stranger = other.member("region-nord")
        with pytest.raises((LinkDown, LinkRefused)):
            joined(holder, stranger)
        (stranger.folder / "authority.pem").write_text(north.authority.read_text())
        with pytest.raises((LinkDown, LinkRefused)):
            joined(holder, stranger)
    finally:
        other.close()
    renew(holder.url, north, QUICK)
    joined(holder, north)
    command(holder.config, "revoke", "region-nord")
    with pytest.raises((LinkDown, LinkRefused)):
        joined(holder, north, 1)
    states = [json.loads(line)["state"] for line in command(holder.config, "members", "--json").stdout.splitlines()]
    assert states == ["revoked"]


@pytest.mark.slow
def test_a_quota_is_said_as_one_to_wait_for(holder) -> None:
    north = holder.member("region-nord")
    for number in range(4):
        joined(holder, north, number)
    with pytest.raises((LinkDown, LinkRefused)):
        joined(holder, north, 5)  # a whole set for the fifth time that day


def test_mistakes_are_one_clear_error(tmp_path) -> None:
    config = tmp_path / "keyholder.toml"
    config.write_text("")
    assert "init" in str(command(config, "invite", "region-nord", code=Exit.CONFIGURATION).exception)
    command(config, "init")
    assert "never overwritten" in str(command(config, "init", code=Exit.CONFIGURATION).exception)
    command(config, "invite", "Region Nord", code=Exit.USAGE)
    command(config, "revoke", "nobody", code=Exit.NOT_FOUND)
    command(config, "usage", code=Exit.NOT_FOUND)
    assert "pin" in command(config, "invite", "region-nord").stdout
