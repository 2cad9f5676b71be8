"""However a look is cut into tasks, and wherever they are done, the suspicions are the same."""

import pickle

import numpy as np
import pytest

from bavn.actor.detect import timed
from bavn.actor.detect.base import DetectorContext, Found
from bavn.actor.detect.detectors.beacon import Beacon
from bavn.actor.detect.detectors.signature import Signature
from bavn.actor.detect.queries import series
from bavn.actor.detect.run import DETECTORS, SurveyBackground, survey
from bavn.actor.detect.tasks import Splits, Stays, do, weigh_by
from bavn.actor.detect.terms import Terms

CASES = ("beacon/hit-dns-jitter", "beacon/miss-everybody", "lateral", "rarity", "scan")


def elsewhere(look, tasks, seen=None):
    """Each task as another process would do it: with a look of its own, given and answered as bytes, the last first."""
    made = {}
    for at in reversed(range(len(tasks))):
        task = pickle.loads(pickle.dumps(tasks[at]))
        alone = DetectorContext(
            window=look.window,
            terms=Terms(look.window, lambda: look.terms.lists),
            indicators=look.indicators,
            settings=look.settings,
        )
        made[at] = pickle.loads(pickle.dumps(do(alone, task)))
    if seen is not None:
        seen += [task.detector.name for task in tasks]
    return [made[at] for at in range(len(tasks))]


def chosen(made):
    """The first hit of each detector that is named, and the cases named."""
    named = {str(case): case for case in made.cases()}
    first = {}
    for case in made.cases():
        if case.hit:
            first.setdefault(case.detector, case)
    return [case for case in (named.get(name) or first.get(name.partition("/")[0]) for name in CASES) if case]


def surveyed(made, case, **how):
    return survey(made.window_of(case), DETECTORS, against=SurveyBackground(known=lambda: made.lists_of(case)), **how)


@pytest.mark.slow
def test_tasks_done_elsewhere_give_the_same_bytes(made, monkeypatch) -> None:
    monkeypatch.setattr(series, "SLICED_ROWS_MIN", 1)
    cases = chosen(made)
    assert len(cases) == len(CASES)
    for case in cases:
        here = surveyed(made, case)
        assert here.suspicions or not case.hit
        assert repr(surveyed(made, case, weigh=weigh_by(elsewhere, 3))) == repr(here), case


def test_a_split_detector_is_several_tasks_and_the_costly_come_first(made, monkeypatch) -> None:
    monkeypatch.setattr(series, "SLICED_ROWS_MIN", 1)
    seen: list[str] = []
    surveyed(made, chosen(made)[0], weigh=weigh_by(lambda look, tasks: elsewhere(look, tasks, seen), 2))
    assert seen.count("beacon") >= 4
    assert seen[: seen.count("beacon")] == ["beacon"] * seen.count("beacon")
    assert sorted(set(seen)) == sorted(one.name for one in DETECTORS)


def test_which_detectors_split_and_which_stay() -> None:
    assert [one.name for one in DETECTORS if isinstance(one, Splits)] == ["beacon"]
    assert [one.name for one in DETECTORS if isinstance(one, Stays)] == [Signature.name]


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 1, 3, 300])
def test_slices_try_the_spectra_that_the_whole_would_try(made, monkeypatch, most) -> None:
    """Irregular pairs with a pulse among them at several hosts: which of them are looked at is decided over all."""
    monkeypatch.setattr(series, "SLICED_ROWS_MIN", 1)
    monkeypatch.setattr(timed, "SPECTRA_MAX", most)
    dice = np.random.default_rng(5)
    world = made.World(dice)
    for host in range(6):
        times = [300.0 * call for call in range(120)] + [36_000 * float(dice.random()) for _ in range(120 + host // 2)]
        for at in times:
            world.flow(at, f"10.0.0.{host + 7}", "45.9.148.20", 443)
    window = made.MemoryWindow(made.tables_of(world), hours=24, known_days=0)
    look = DetectorContext(window=window, terms=Terms(window, lambda: made.lists_of(made.Case("beacon", "hit-x", {}))))
    whole = Beacon().candidates(look)
    assert whole.populations["beacon"].total == 6
    for workers in (2, 5):
        parts = Beacon().parts(look, workers)
        assert len(parts) >= workers
        found = Beacon().together(look, [Beacon().part(look, what) for what in parts])
        assert isinstance(found, Found)
        assert (found.candidates, found.populations) == (whole.candidates, whole.populations)
    assert sum(one.period_s == pytest.approx(300, rel=0.05) for one in whole.candidates) == min(most, 5)
