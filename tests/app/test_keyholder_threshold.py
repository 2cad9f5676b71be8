"""Three key holders as processes over real mutual TLS: they make the day's keys, one is killed, one lies."""

import json
import re
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest

from bavn.app.cli.node.run import enrol
from bavn.app.config.check import check
from bavn.app.config.load import read_keyholder, read_node
from bavn.app.config.sensor import HealthTable
from bavn.app.keyholder.circle import peer_folder
from bavn.app.keyholder.health import KEYHOLDER_HEALTH_FILE
from bavn.app.net.link_watch import LinkWatch
from bavn.app.node.health.checks import NodeChecks
from bavn.app.node.health.holders import holders_problems, holders_state
from bavn.app.node.health.promises import NODE_PROMISES, breaches
from bavn.app.node.links import identifiers_of, key_holder_of
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.failure import NoContainment
from bavn.model.health import judged
from bavn.model.moment import DAY_US
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.settings import SettingsError
from bavn.model.text import Text
from bavn.psi.threshold.shares import PublicKey
from bavn.wire.book import Book
from bavn.wire.keyholder import Batch, KeysAsked, PartAsked, PostsAnswered, PostsAsked
from bavn.wire.ledger import Ledger
from bavn.wire.links.holders import HolderLink, HoldersSeen, Named
from bavn.wire.safe import Safe
from tests.app.test_cli_keyholder import ELEMENTS, QUICK, command
from tests.app.waiting import free_port, until
from tests.keyholder.conftest import params

N, K = 3, 2
LIAR = """
import sys
from dataclasses import replace
from bavn.psi.threshold import evaluate as by_holders
honest = by_holders.evaluate
def lying(*given):
    part = honest(*given)
    return replace(part, points=(part.points[-1], *part.points[1:]))
by_holders.evaluate = lying
from bavn.app.cli.main import main
main()
"""
CLAIMER = """
from bavn.keyholder.plan import purposes, statement
from bavn.keyholder.shares import HeldShares
from bavn.model.moment import DAY_US
from bavn.psi import group
from bavn.psi.threshold.shares import PublicKey
from bavn.app.config.load import read_keyholder
from bavn.app.keyholder.parts import keys_of
from bavn.app.process.real import SystemClock, SystemDice
from pathlib import Path
import sys
key, now_us = keys_of(read_keyholder(Path(sys.argv[-1]))).message_key(), SystemClock().now_us()
slot, point = now_us // 1_000_000 + 10_000_000, group.times_base(group.random_scalar(SystemDice()))
said = {}
for of in purposes(now_us // DAY_US, ("A",)):
    public = PublicKey(purpose=of, n=3, commitments=(point,))
    said[of.decode()] = {str(slot): (public.to_bytes().hex(), {"3": key.sign(statement(slot, public)).hex()})}
HeldShares.claims = lambda _: said
from bavn.app.cli.main import main
main()
"""


class Three:
    """All of them, each in a folder of its own."""

    slots = "every_s = 6\nround_s = 1.1\n"
    wait_s = 60

    def __init__(self, folder):
        self.folder, self.ports = folder, [free_port() for _ in range(N)]
        self.urls = [f"https://127.0.0.1:{port}" for port in self.ports]
        self.processes = {}
        self.configs = {number: folder / str(number) / "keyholder.toml" for number in range(1, N + 1)}
        for number, config in self.configs.items():
            config.parent.mkdir()
            config.write_text(
                f"[place]\nport = {self.ports[number - 1]}\n[threshold]\nnumber = {number}\nk = {K}\n"
                f'holders = {json.dumps(self.urls)}\ntiers = ["A"]\n{self.slots}'
            )
            command(config, "init")

    def start(self, number, *, lies=""):
        words = ["-c", lies] if lies else ["-m", "bavn.app.cli"]
        with (self.folder / "log").open("ab") as log:
            self.processes[number] = subprocess.Popen(
                [sys.executable, *words, "keyholder", "run", "--config", str(self.configs[number])],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        assert json.loads(self.processes[number].stdout.readline())["port"] == self.ports[number - 1]

    def end(self, number, how=signal.SIGKILL):
        process = self.processes.pop(number)
        process.send_signal(how)
        process.wait(20)
        process.stdout.close()

    def invited(self, at, who):
        """An actor by its name, a holder by its number."""
        how = "invite" if isinstance(who, str) else "invite-holder"
        said = json.loads(command(self.configs[at], how, str(who), "--json").stdout)
        return said["pin"], said["token"]

    def enrol(self):
        """Each holder at each other."""
        for number, config in self.configs.items():
            for other in self.configs:
                if other != number:
                    pin, token = self.invited(other, number)
                    command(config, "enrol", str(other), "--pin", pin, "--token", token)

    def here(self, number):
        """How many keys it has of today and the three days ahead."""
        lines = [json.loads(line) for line in command(self.configs[number], "status", "--json").stdout.splitlines()]
        return sum(line["here"] for line in lines if "here" in line)

    def wait_for_keys(self, *numbers):
        every = numbers or self.configs
        until(
            lambda: all(self.here(n) >= 8 for n in every),
            self.wait_s,
            lambda: (self.folder / "log").read_text()[-3000:],
        )

    def healthy(self, number):
        file = read_keyholder(self.configs[number]).folder / KEYHOLDER_HEALTH_FILE
        return {one["code"]: one["state"] for one in json.loads(file.read_text())["promises"]}

    def wait_for_words(self, number, words):
        """In what holder ``number`` says of its health."""
        file = read_keyholder(self.configs[number]).folder / KEYHOLDER_HEALTH_FILE
        until(lambda: words in file.read_text(), shown=lambda: file.read_text()[-3000:])

    def close(self):
        for number in list(self.processes):
            self.end(number)


class Node:
    """A node of an actor as it is configured, enrolled at all three by its commands."""

    def __init__(self, three, actor):
        file = three.folder / actor / "node.toml"
        file.parent.mkdir()
        file.write_text(f'[node]\nactor = "{actor}"\nkeyholder_urls = {json.dumps(three.urls)}\nkeyholders_k = {K}\n')
        for number in three.configs:
            pin, token = three.invited(number, actor)
            enrol(pin=pin, token=token, config=file, keyholder=True, holder=number)
        self.opened(read_node(file))

    def opened(self, config):
        """As a node that was started over what it has."""
        self.checks, self.closing = NodeChecks(), ExitStack()
        self.book = self.closing.enter_context(Book())
        dice, failures = SystemDice(), NoContainment()
        self.holders = key_holder_of(config, Ledger(self.book), dice, self.checks, self.closing, failures)
        self.links = self.holders._holders
        self.identifiers = identifiers_of(
            config, Ledger(self.book), dice, self.holders, self.checks, failures, watches=True
        )

    def problems(self):
        later_us = SystemClock().now_us() + DAY_US
        return {(one.code, one.source) for one in self.checks.problems(HealthTable(), 0, {}, later_us)}

    def join(self, number=0):
        epoch = SystemClock().now_us() // DAY_US
        return self.identifiers.of(epoch, "A").join(params(number, m=20, epoch=epoch), ELEMENTS)

    def named(self):
        return {(line.peer, line.rule) for line in Ledger(self.book).every() if line.verdict == "refused"}

    def close(self):
        self.closing.close()


def seen(*named):
    """Three holders, of whom these failed last; the others answered at 5."""
    answered_us = dict.fromkeys({1, 2, 3} - {one.number for one in named}, 5)
    return HoldersSeen(K, (1, 2, 3), named, answered_us, ())


@pytest.fixture
def three(tmp_path):
    made = Three(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
def test_three_make_the_days_keys_and_one_that_is_killed_or_lies_changes_nothing(three) -> None:
    for number in three.configs:
        three.start(number)
    three.enrol()
    three.wait_for_keys()
    north, south = Node(three, "north"), Node(three, "south")
    try:
        first = north.join()
        three.end(1)
        for number in range(1, 4):
            assert south.join(number).ids == first.ids
        assert south.named() <= {("keyholder-1", "holder_silent")}
        with suppress(LinkDown):
            south.holders.probe()
        assert south.problems() == {("holder_silent", "keyholder-1")}
        shown = holders_state(south.holders.seen())
        assert [one["state"] for one in shown["holders"]] == ["silent", "answers", "answers"]
        assert [(one["answered"], set(one["failed"]) <= {1}) for one in shown["rounds"]] == [([2, 3], True)] * 3
        three.end(2)
        with pytest.raises(LinkDown, match="fewer than 2 of 3"):
            south.join(9)
        assert holders_state(south.holders.seen())["rounds"][0]["answered"] == []
        assert ("holders_few", "keyholder") in south.problems()
        three.start(1)
        three.start(2, lies=LIAR)
        three.wait_for_keys()
        south.holders.probe()
        assert south.holders.named() == []
        for number in range(10, 20):
            assert south.join(number).ids == first.ids
        assert ("keyholder-2", "holder_lied") in south.named()
        assert [one.number for one in south.holders.named() if one.lied] == [2]
        assert south.problems() == {("holder_lied", "keyholder-2")}
        assert three.healthy(3)["keys_made"] == "kept"
        three.end(3)
        three.end(2)
        three.start(2)
        three.start(3, lies=CLAIMER)
        for number in (1, 2):
            three.wait_for_words(number, "a key of threshold 1 of 3, where it is 2 of 3")
            assert three.here(number) == 8
        for number in range(20, 24):
            assert south.join(number).ids == first.ids
    finally:
        north.close()
        south.close()


@pytest.mark.slow
def test_a_holder_without_its_shares_catches_up_and_no_actor_sees_what_holders_say(three) -> None:
    for number in three.configs:
        three.start(number)
    three.enrol()
    three.wait_for_keys()
    north = Node(three, "north")
    try:
        first = north.join()
        three.end(2)
        for file in (three.configs[2].parent / "data" / "shares").iterdir():
            file.unlink()
        three.start(2)
        three.wait_for_keys()
        three.end(1)
        assert north.join(1).ids == first.ids
        with pytest.raises(Exception, match="is of role actor, and this is for role keyholder"):
            north.links[3].call("/v1/posts", PostsAsked(slot=0), PostsAnswered)
        peer = HolderLink(
            3, three.urls[2], Safe(peer_folder(read_keyholder(three.configs[2]), 3)), SystemClock(), QUICK
        )
        epoch = SystemClock().now_us() // DAY_US
        said = north.links[3].keys(KeysAsked(epoch=epoch, tier="A"))
        ids = [PublicKey.of_bytes(bytes.fromhex(raw)) for raw in (said.ids, said.rounds)]
        asked = Batch(params(m=20, epoch=epoch), (ids[0].point,) * 21)
        with pytest.raises(LinkRefused, match="is of role keyholder, and this is for role actor"):
            peer.part(PartAsked.to(asked, (2, 3), *ids))
        peer.close()
        lines = command(three.configs[3], "ledger", "--verify", "--json").stdout
        assert '"EpochKeys"' in lines
        assert "the chain holds" in lines
    finally:
        north.close()


def test_mistakes_of_threshold_are_one_clear_error(tmp_path) -> None:
    config = tmp_path / "keyholder.toml"
    config.write_text("")
    command(config, "status", code=Exit.NOT_FOUND)
    command(config, "enrol", "2", "--pin", "x", "--token", "y", code=Exit.USAGE)
    urls = json.dumps([f"https://keys-{number}" for number in range(1, 6)])
    for wrong in (
        "number = 1\nk = 2",
        "number = 6\nk = 3",
        "number = 1\nk = 3\nevery_s = 60",
        'number = 1\nk = 3\ntiers = ["a"]',
    ):
        config.write_text(f"[threshold]\nholders = {urls}\n{wrong}\n")
        with pytest.raises((SettingsError, Stop)):
            read_keyholder(config)


@pytest.mark.parametrize(
    ("number", "holders", "says"),
    [
        (0, ["https://a", "https://b", "https://c"], "[threshold] number: holders are named"),
        (1, ["https://a", "http://b", "https://c"], "[threshold] holders: http://b is no https"),
        (1, ["https://a", "https://b", "c:8444"], "[threshold] holders: c:8444 is no https"),
        (1, ["https://a", "https://b:port", "https://c"], "[threshold] holders: https://b:port is no https"),
        (1, ["https://a", "https://b", "https://A/"], "[threshold] holders: https://A/ is named twice"),
        (1, ["https://a", "https://b:443", "https://b"], "[threshold] holders: https://b is named twice"),
        (4, ["https://a", "https://b", "https://c"], "[threshold] number: 4, but holders names 3"),
        (1, ["https://a"], "[threshold] holders: 1 key holders, but k is 2"),
        (1, [f"https://{n}" for n in "abcd"], "and k is 2: it must be more than half of them, at least 3"),
        (1, [f"https://{n}" for n in "abcdefghij"], "[threshold] holders: 10 key holders, at most 9 can be"),
    ],
)
def test_holders_that_cannot_be_called_are_one_clear_error(tmp_path, number, holders, says) -> None:
    config = tmp_path / "keyholder.toml"
    config.write_text(f"[threshold]\nnumber = {number}\nholders = {json.dumps(holders)}\nk = 2\n")
    (finding,) = [one for one in check(config).found if one.level == "error"]
    assert says in finding.text.en
    with pytest.raises(SettingsError, match=re.escape(says)):
        read_keyholder(config)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('keyholder_urls = ["https://a", "http://b", "https://c"]', "keyholder_urls: http://b is no https"),
        ('keyholder_urls = ["https://a", "https://b:8444", "https://B:8444/"]', "https://B:8444/ is named twice"),
        ('keyholder_urls = ["https://a"]\nkeyholders_k = 2', "keyholder_urls: 1 key holders, but keyholders_k is 2"),
        (
            'keyholder_urls = ["https://a", "https://b", "https://c", "https://d"]\nkeyholders_k = 2',
            "keyholders_k is 2: it must be more",
        ),
        ('keyholder_urls = ["https://a", "https://b"]\nkeyholders_k = 3', "keyholder_urls: 2 key holders, but"),
    ],
)
def test_key_holders_that_a_node_cannot_call_are_one_clear_error(tmp_path, lines, says) -> None:
    config = tmp_path / "node.toml"
    config.write_text(f'[node]\nactor = "north"\n{lines}\n')
    (finding,) = [finding for finding in check(config).found if finding.level == "error"]
    assert says in finding.text.en
    with pytest.raises(SettingsError, match=re.escape(says)):
        read_node(config)


@pytest.mark.parametrize("holder", [0, 4, 5])
def test_a_node_that_names_no_key_holder_of_those_there_are_is_told_which_there_are(tmp_path, holder) -> None:
    config = tmp_path / "node.toml"
    urls = json.dumps([f"https://keys-{number}" for number in (1, 2, 3)])
    config.write_text(f'[node]\nactor = "north"\nkeyholder_urls = {urls}\nkeyholders_k = 2\n')
    with pytest.raises(Stop, match="names 3 key holders: say which with --holder, one of 1, 2, 3") as stopped:
        enrol(pin="0" * 64, token="t" * 43, config=config, keyholder=True, holder=holder)
    assert stopped.value.code == Exit.USAGE


@pytest.mark.slow
def test_with_a_wrong_pin_it_is_the_key_holder_that_is_asked_about(three, tmp_path) -> None:
    three.start(2)
    config = tmp_path / "node.toml"
    config.write_text(f'[node]\nactor = "north"\nkeyholder_urls = {json.dumps(three.urls)}\nkeyholders_k = 2\n')
    with pytest.raises(LinkRefused, match="is this that key holder"):
        enrol(pin="0" * 64, token="t" * 43, config=config, keyholder=True, holder=2)
    done = command(three.configs[1], "enrol", "2", "--pin", "0" * 64, "--token", "t" * 43, code=1)
    assert "is this that key holder" in str(done.exception)


@pytest.mark.parametrize(
    ("numbers", "lied", "few"),
    [((2,), False, None), ((2,), True, None), ((1, 3), False, "1 of 3"), ((1, 2, 3), False, "0 of 3")],
)
def test_a_node_says_when_too_few_key_holders_answer_and_who_must_act(numbers, lied, few) -> None:
    clock = SystemClock()
    named = [Named(number, lied=lied, since_us=1, why=Text.plain("gone")) for number in numbers]
    checks = NodeChecks(keyholder=LinkWatch(clock), holders=lambda: seen(*named))
    with suppress(LinkDown), checks.keyholder.asking("probe"):
        if few:
            raise LinkDown("fewer than 2 of 3 key holders answer")
    later_us = clock.now_us() + DAY_US
    checks.keyholder._clock = SimpleNamespace(now_us=lambda: later_us)
    problems = checks.problems(HealthTable(), 0, {}, later_us)
    stands = {one.promise.code: one for one in judged(NODE_PROMISES, breaches(problems), {}, {}, later_us)}
    answer, accepts = stands["holders_answer"], stands["keyholder_accepts"]
    assert (answer.state, answer.act) == ("broken", "other-side")
    assert "rounds go on" not in answer.promise.first.en
    assert ("rounds go on, since enough others answer" in answer.affected.en) is (few is None)
    if few is None:
        assert accepts.state == "kept"
    else:
        assert f"{few} key holders answer, and 2 are needed: no round can be joined" in accepts.affected.en
        assert (accepts.state, accepts.act) == ("broken", "other-side")


def test_a_node_says_how_each_key_holder_failed_and_that_it_numbers_them_otherwise() -> None:
    why = Text.plain("gone")
    failed = (
        Named(1, lied=True, since_us=7, why=why),
        Named(2, lied=False, since_us=8, why=why, refuses=True),
        Named(3, lied=False, since_us=9, why=why),
    )
    shown = holders_state(seen(*failed))["holders"]
    assert [(one["state"], one["since_us"], one["answered_us"]) for one in shown] == [
        ("wrong", 7, None),
        ("refuses", 8, None),
        ("silent", 9, None),
    ]
    shown = holders_state(seen(Named(2, lied=False, since_us=8, why=why, proven=3)))["holders"]
    assert [(one["state"], one["answered_us"]) for one in shown] == [
        ("answers", 5),
        ("misnumbered", None),
        ("answers", 5),
    ]
    (refusing,) = holders_problems(seen(failed[1]), 0, 9)
    assert (refusing.code, "refuses this node" in refusing.text.en) == ("holder_refuses", True)
    assert breaches([refusing])[0].code == "holders_answer"
    named = Named(1, lied=False, since_us=1, why=Text.plain("other"), proven=2)
    checks = NodeChecks(holders=lambda: seen(named))
    (problem,) = checks.problems(HealthTable(), 0, {}, 1)
    assert (problem.code, problem.act) == ("holder_number", "operator")
    assert problem.text.en.startswith("key holder 1 of node.toml is holder 2: put keyholder_urls in the holders' order")
    assert breaches([problem])[0].code == "holders_answer"
