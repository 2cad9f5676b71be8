"""Fuzzing as a habit: whatever takes bytes from outside has a target, and what once broke something is tried again."""

import os
from random import Random

import pytest

from bavn.model.outcome import Refused
from bavn.wire.codec import DOWN_KINDS, UP_KINDS, Encoded, decode
from fuzz import covering, kept
from fuzz.minimise import smaller
from fuzz.mutate import INPUT_BYTES_MAX, mutated
from fuzz.registry import targets
from fuzz.replay import tried_again
from fuzz.run import Runner
from fuzz.target import Broken, Target


def test_everything_that_takes_bytes_from_outside_has_a_target() -> None:
    """A new source, format, message, import, service or parser: give it a target in fuzz/targets/, or a reason."""
    assert sorted(covering.wanted() - covering.covered()) == []


def test_nothing_is_excused_that_is_not_there_or_is_covered() -> None:
    assert sorted(covering.APART.keys() - covering.takes_apart().keys()) == []
    assert sorted(f"module:{name}" for name in covering.APART if f"module:{name}" in covering.covered()) == []
    assert sorted(covering.SOURCES_APART.keys() - covering.sources()) == []


def test_each_kind_of_message_has_an_honest_seed() -> None:
    """`python -m fuzz.make_seeds` writes those that are missing."""
    from fuzz.targets.wire import message

    for kind in UP_KINDS | DOWN_KINDS:
        name, _, rest = message(kind).partition(b"\n")
        body, _, attachment = rest.partition(b"\n")
        assert not isinstance(decode(Encoded(name.decode(), body, attachment), UP_KINDS | DOWN_KINDS), Refused), kind


@pytest.mark.parametrize("name", ["codec", "capture", "netflow", "sigma", "eve", "backup", "certificate"])
def test_a_seed_is_the_same_mutants_and_none_is_endless(name, monkeypatch) -> None:
    monkeypatch.setenv("BAVN_FUZZ_OWN", "1")
    (target,) = [one for one in targets() if one.name == name]
    seeds = list(target.seeds())
    first, again = (
        [mutated(dice, seeds[0], target.forms, seeds) for _ in range(60)] for dice in (Random("x"), Random("x"))
    )
    assert first == again
    assert len(set(first)) > 30
    assert max(map(len, first)) <= INPUT_BYTES_MAX


def test_what_breaks_is_made_small() -> None:
    assert smaller(b"x" * 300 + b"bad" + b"y" * 5000, lambda data: b"bad" in data) == b"bad"


def broken_target() -> Target:
    def make():
        def run(data):
            if b"\xff" in data:
                raise Broken("a byte that nobody foresaw")
            if b"\x00\x00" in data:
                os.kill(os.getpid(), 9)

        return run

    return Target(name="played", covers=(), forms=(), seeds=lambda: [b"honest"], make=make)


@pytest.mark.slow
def test_an_exception_and_a_dying_process_are_found_with_what_did_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(kept, "FOUND", tmp_path / "found")
    monkeypatch.setattr(kept, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("BAVN_FUZZ_OWN", "1")
    runner = Runner([broken_target()] * 1, "seed", 2.0, log=lambda _: None)
    for _ in range(3):
        runner.run()
    places = {fault.place.partition(" ")[0]: fault for fault in runner.faults}
    assert places["Broken"].data == b"\xff"
    assert b"\x00\x00" in places["process"].data
    assert (tmp_path / "found" / "played").is_dir()


def test_known_faults_have_their_input() -> None:
    there = {(name, path.name) for name, path in kept.found()}
    assert [row for row in kept.known() if (row.target, row.digest) not in there] == []


@pytest.mark.slow
def test_what_once_broke_something_does_not_any_more(monkeypatch) -> None:
    """But for those of fuzz/known.toml, which may only shrink."""
    monkeypatch.setenv("BAVN_FUZZ_OWN", "1")
    known = {(row.target, row.digest) for row in kept.known()}
    broken = [again for again in tried_again() if again.place]
    assert [again for again in broken if (again.target, again.digest) not in known] == []
