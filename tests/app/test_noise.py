"""The real noise is of the law that is promised, to the last digit; OpenDP says the same, and it moves every count."""

import json
import math
import random
from collections import Counter
from fractions import Fraction

import pytest

from bavn.app.cli.centre.main import app
from bavn.app.process import noise
from bavn.centre.correlate.laplace import spread
from bavn.model.ports import NoiseDown
from bavn.model.sector.tally import TECHNIQUES
from tests.people import Runner as CliRunner

EXACT = [(0.05, 1), (0.5, 1), (1.0, 1), (5.0, 1), (6.0, 12), (1 / 3, 2)]


def chance(n: int, scale: float) -> float:
    """Of a discrete Laplace number."""
    part = math.exp(-1 / scale)
    return (1 - part) / (1 + part) * part ** abs(n)


class Recorded:
    """Uniform numbers from a list; whether a draw wanted more than there are."""

    def __init__(self, given) -> None:
        self.given = iter(given)

    def __call__(self, below: int) -> int:
        number = next(self.given)
        assert 0 <= number < below
        return number


@pytest.mark.parametrize(("epsilon", "sensitivity"), EXACT)
def test_the_numbers_are_of_the_law_that_is_promised(epsilon, sensitivity) -> None:
    """20,000 draws by a seed, in 15 bins or fewer: chi square below what one law in a million has."""
    dice = random.Random(f"{epsilon} {sensitivity}")
    scale, draws = sensitivity / epsilon, 20_000
    drawn = noise.discrete_laplace([0] * draws, sensitivity, epsilon, dice.randrange)
    width = max(1, round(scale))
    seen = Counter(max(-7, min(7, round(n / width))) for n in drawn)
    expected = Counter()
    for n in range(-200 * width, 200 * width + 1):
        expected[max(-7, min(7, round(n / width)))] += draws * chance(n, scale)
    expected = {at: count for at, count in expected.items() if count > 5}
    assert sum((seen[at] - count) ** 2 / count for at, count in expected.items()) < 60
    assert len(expected) >= 3


@pytest.mark.parametrize(("epsilon", "sensitivity"), EXACT)
def test_opendp_vouches_for_the_epsilon_that_is_charged(epsilon, sensitivity) -> None:
    """OpenDP is another's proof of the same mechanism: at our scale it promises our epsilon, but for its last digits,
    and its own numbers are spread as ours are."""
    dp = pytest.importorskip("opendp.prelude")
    dp.enable_features("contrib")
    scale = sensitivity / epsilon
    theirs = dp.m.make_laplace(dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int), scale=scale)
    assert theirs.map(sensitivity) <= epsilon * (1 + 1e-9)
    ours = noise.discrete_laplace([0] * 20_000, sensitivity, epsilon)
    spreads = [math.fsum(n * n for n in some) / len(some) for some in (ours, theirs([0] * 20_000))]
    assert abs(math.sqrt(spreads[0] / max(spreads[1], 1e-9)) - 1) < 0.15


def test_each_step_of_the_algorithm_is_the_papers() -> None:
    """With numbers handed in: 1/2 is the chance of a sign, a nought comes with one sign alone, wholes are added."""
    scale = Fraction(2)
    assert noise._exp(Fraction(1), Recorded([0, 1])) is False, "one success and then none: n is 2"
    assert noise._exp(Fraction(1, 2), Recorded([1])) is True, "none at once: n is 1"
    none_more, one_more = [0, 1], [0, 0, 2]
    assert noise._laplace(scale, Recorded([1, 1, *none_more, 0])) == 1
    assert noise._laplace(scale, Recorded([1, 1, *one_more, *none_more, 1])) == -3
    nought = [0, 0, *none_more, 1]  # negative: drawn anew
    assert noise._laplace(scale, Recorded([*nought, 1, 1, *none_more, 0])) == 1


def test_its_spread_is_what_the_centre_reckons_with() -> None:
    """20,000 draws; a spread off by 10 % would be more than 15 standard errors away."""
    drawn = noise.discrete_laplace([0] * 20_000, 1, 0.5)
    measured = (sum(one * one for one in drawn) / len(drawn)) ** 0.5
    assert abs(measured / spread([0.5]) - 1) < 0.1
    assert noise.discrete_laplace([0] * 50, 1, 0.5) != noise.discrete_laplace([0] * 50, 1, 0.5)
    assert abs(sum(noise.discrete_laplace([10**6] * 400, 1, 0.5)) / 400 - 10**6) < 1


@pytest.mark.parametrize(("epsilon", "sensitivity"), [(0.0, 1), (-1.0, 1), (1.0, 0), (float("nan"), 1)])
def test_what_is_no_noise_is_refused_and_where_there_is_no_randomness_there_is_a_reason_and_no_count(
    epsilon, sensitivity
) -> None:
    with pytest.raises(ValueError, match="no noise"):
        noise.discrete_laplace([1], sensitivity, epsilon)

    def none(_):
        raise OSError(38, "Function not implemented")

    with pytest.raises(NoiseDown, match="not implemented"):
        noise.discrete_laplace([1, 2], 1, 0.5, none)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "centre.toml"
    file.write_text("")
    assert CliRunner().invoke(app, ["init", "--config", str(file)]).exit_code == 0
    return file


def shown(config, *words):
    done = CliRunner().invoke(app, ["counts", "--config", str(config), *words])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_the_centre_shows_sums_with_their_interval_in_both_languages(config) -> None:
    from bavn.app.centre.parts import open_desk, open_registry
    from bavn.app.config.load import read_centre
    from bavn.app.process.real import SystemClock
    from bavn.centre.desk.counts import keep_counts
    from bavn.model.moment import DAY_US
    from bavn.model.received import Counted

    assert "fewer than three" in shown(config)
    assert "færre end tre" in shown(config, "--language", "da")
    assert shown(config, "--json") == ""
    file = read_centre(config)
    registry, day = open_registry(file), SystemClock().now_us() // DAY_US - 1
    desk = open_desk(file)
    for n in range(4):
        registry.add(f"actor-{n}", "region" if n else "clinic")
        keep_counts(
            desk.engine,
            Counted(
                item_id="0" * 64,
                actor=f"actor-{n}",
                day=day,
                vocabulary=1,
                epsilon_milli=1000,
                cell_max=1000,
                by_technique=(100,) * len(TECHNIQUES),
                blocked=(7, 0, 0, 0),
                received_us=0,
            ),
        )
    desk.engine.dispose()
    registry.engine.dispose()
    english, danish = shown(config), shown(config, "--language", "da", "--by-kind")
    assert "T1046" in english
    assert "services scanned" in english
    assert "skanning efter tjenester" in danish
    rows = [json.loads(line) for line in shown(config, "--json", "--by-kind").splitlines()]
    one = next(row for row in rows if (row["entry"], row["kind"]) == ("T1046", "all"))
    assert (one["value"], one["actor_days"]) == (400, 4)
    assert one["low"] < 400 < one["high"]
    assert {row["kind"] for row in rows} == {"all"}
