"""What once broke something, tried again: each must live now, but for those of `fuzz/known.toml`."""

import multiprocessing
from collections.abc import Iterable
from dataclasses import dataclass

from fuzz import kept
from fuzz.registry import target
from fuzz.target import Target
from fuzz.work import Tried

REPLAY_S = 120.0


@dataclass(frozen=True, slots=True)
class Again:
    """``place``: where it broke again; "" for one that lives."""

    target: str
    digest: str
    place: str


def _tries(pipe, one: Target, datas: list[bytes]) -> None:
    run = one.make()
    tried = Tried(one, run)
    pipe.send([(broke[0] if (broke := tried(data)) else "") for data in datas])
    getattr(run, "close", lambda: None)()


def tried_again(names: Iterable[str] | None = None) -> list[Again]:
    """Each input of `fuzz/found/` in a process of its target's; one that ends it is tried alone, too."""
    by_target: dict[str, list[bytes]] = {}
    for name, path in kept.found():
        if names is None or name in names:
            by_target.setdefault(name, []).append(path.read_bytes())
    found = []
    for name, datas in by_target.items():
        places = _in_a_process(target(name), datas)
        if places is None:
            places = [(_in_a_process(target(name), [data]) or ["process died"])[0] for data in datas]
        found += [Again(name, kept.digest_of(data), place) for data, place in zip(datas, places, strict=True)]
    return found


def _in_a_process(one: Target, datas: list[bytes]) -> list[str] | None:
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=_tries, args=(theirs, one, datas))
    process.start()
    theirs.close()
    try:
        places: list[str] | None = mine.recv() if mine.poll(REPLAY_S) else None
    except EOFError:
        places = None
    process.join(5)
    if process.is_alive():
        process.kill()
    return places


def replay(names: frozenset[str]) -> int:
    """Prints each; 1 where one breaks that is not known."""
    known = {(row.target, row.digest) for row in kept.known()}
    bad = 0
    for one in tried_again(names):
        is_known = (one.target, one.digest) in known
        if one.place and not is_known:
            bad += 1
        said = "lives" if not one.place else one.place
        print(
            f"{'known ' if is_known else '      '}{one.target} {one.digest}: {said}{' (take it out of known.toml)' if is_known and not one.place else ''}"
        )
    return 1 if bad else 0
