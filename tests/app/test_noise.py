"""The real noise is OpenDP's, vouches for the epsilon asked for, and moves every count."""

import json
import subprocess
import sys

import pytest

from bavn.app.cli.centre.main import app
from bavn.app.process import noise
from bavn.centre.correlate.laplace import spread
from bavn.model.ports import NoiseDown
from bavn.model.sector.tally import TECHNIQUES
from tests.people import Runner as CliRunner


@pytest.mark.parametrize("epsilon", [0.05, 0.25, 0.5, 1.0, 5.0])
def test_opendp_vouches_for_the_epsilon_that_is_charged(epsilon) -> None:
    assert noise._mechanism(1 / epsilon).map(1) <= epsilon * (1 + noise.SLACK)
    assert len(noise.discrete_laplace([3] * 30, 1, epsilon)) == 30


def test_noise_that_is_too_weak_never_leaves(monkeypatch) -> None:
    monkeypatch.setattr(noise, "_mechanism", lambda _: _Weak())
    with pytest.raises(noise.NoiseTooWeak):
        noise.discrete_laplace([1, 2], 1, 0.5)


class _Weak:
    def map(self, distance):
        return 0.51

    def __call__(self, counts):
        raise AssertionError("nothing may be drawn")


def test_its_spread_is_what_the_centre_reckons_with() -> None:
    """20,000 draws; a spread off by 10 % would be more than 15 standard errors away."""
    drawn = noise.discrete_laplace([0] * 20_000, 1, 0.5)
    measured = (sum(one * one for one in drawn) / len(drawn)) ** 0.5
    assert abs(measured / spread([0.5]) - 1) < 0.1
    assert noise.discrete_laplace([0] * 50, 1, 0.5) != noise.discrete_laplace([0] * 50, 1, 0.5)


def test_drawn_apart_it_is_the_same_noise_and_the_library_stays_out_of_this_process() -> None:
    drawn = noise.drawn_apart([10**6] * 400, 1, 0.5)
    assert len(drawn) == 400
    assert len(set(drawn)) > 5
    assert abs(sum(drawn) / 400 - 10**6) < 1
    run = "from bavn.app.process.noise import drawn_apart; import sys; drawn_apart([1], 1, 0.5);"
    run += " print('opendp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("child", "why"),
    [
        ("import sys; sys.exit('no memory')", "no memory"),
        ("print('[1]')", "another answer"),
        ("print('[1, null]')", "another answer"),
        ("print('nothing')", "drawing noise failed"),
        ("import time; time.sleep(60)", "timed out"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed"),
    ],
)
def test_a_drawing_that_fails_gives_a_reason_and_no_count(monkeypatch, tmp_path, child, why) -> None:
    broken = tmp_path / "python"
    broken.write_text(f"#!{sys.executable}\n{child}\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    monkeypatch.setattr(noise, "DRAWN_S_MAX", 1.0 if "timed" in why else 60.0)
    with pytest.raises(NoiseDown, match=why):
        noise.drawn_apart([1, 2], 1, 0.5)


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
