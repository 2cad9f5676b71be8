"""A hostile actor's best attempts and what must come of each (docs/benchmarks.md has the measured figures)."""

import re
from pathlib import Path

import numpy as np
import pytest

from bavn.centre.correlate.settings import ScoreSettings
from bavn.centre.node.config import CentreLimits
from bavn.psi import share
from bavn_lab.sim.poison import HONEST, attempts, play

ROOT = Path(__file__).resolve().parents[2]
CAP, LINE = ScoreSettings().influence_nats_max, CentreLimits().block_score_min
NAMES = [attempt.name for attempt in attempts()]


@pytest.fixture
def played(disk):
    return lambda name: play(next(one for one in attempts() if one.name == name), disk)


def untouched(outcome) -> None:
    """The campaign is lead one, confirmed and blocked, as without anybody hostile."""
    assert outcome.campaign_rank == 1
    assert outcome.campaign_score > LINE
    assert outcome.campaign_blocked


@pytest.mark.slow
def test_the_control_is_lead_one_and_blocked(played) -> None:
    untouched(played("nobody hostile"))


@pytest.mark.slow
def test_a_supplier_that_nobody_else_suspects_is_not_even_named(played) -> None:
    outcome = played("claims a supplier alone")
    assert (outcome.supplier_score, outcome.supplier_case, outcome.supplier_blocked) == (None, False, False)


@pytest.mark.slow
def test_a_claimed_supplier_is_lifted_by_no_more_than_the_cap_and_waits_for_a_person(played) -> None:
    outcome = played("claims a supplier, read by a person")
    assert outcome.supplier_score is not None
    assert outcome.supplier_score - outcome.supplier_honest <= CAP + 1e-9
    assert not outcome.supplier_blocked


@pytest.mark.slow
def test_an_analyst_who_releases_unread_blocks_a_claimed_supplier(played) -> None:
    """Not protected, and said so: two independent groups and a score above the line are all that gate 3 can ask."""
    outcome = played("claims a supplier")
    assert outcome.supplier_case
    assert outcome.supplier_blocked == (outcome.supplier_score >= LINE)


@pytest.mark.slow
def test_two_accounts_of_one_group_never_block_even_when_released_unread(played) -> None:
    outcome = played("two accounts of one group")
    assert outcome.supplier_honest is None
    assert not outcome.supplier_blocked


@pytest.mark.slow
@pytest.mark.parametrize("name", ["floods tier A", "copies receipts", "replays old reports", "silent at the reveal"])
def test_what_disturbs_a_round_leaves_the_campaign_where_it_was(played, name) -> None:
    outcome = played(name)
    untouched(outcome)
    assert outcome.quarantined == 0
    assert ("repeated" in outcome.turned_away) == (name == "replays old reports")


@pytest.mark.slow
def test_false_evidence_lifts_a_lead_by_no_more_than_the_cap(played) -> None:
    outcome = played("false p")
    untouched(outcome)
    assert outcome.campaign_score - outcome.campaign_without <= CAP + 1e-9


@pytest.mark.slow
def test_another_value_is_quarantined_and_names_who_said_it(played) -> None:
    outcome = played("names another value")
    untouched(outcome)
    assert outcome.quarantined > 0
    assert (outcome.supplier_score, outcome.supplier_blocked) == (None, False)


@pytest.mark.slow
def test_a_liar_in_every_cell_suppresses_the_campaign_it_holds(played, monkeypatch) -> None:
    """Not protected, and said so: it crowds its own set with the one element, so that no cell of it is without the
    liar, and names another value in each. What is left is the quarantine, which names every party."""
    honest = share.generate
    evil_x = len(HONEST) + 1

    def crowded(params, kr, ids, x, dice):
        with monkeypatch.context() as patch:
            if x == evil_x and ids:
                patch.setattr(share, "_chosen", lambda _, m: np.zeros(m, dtype=np.int64))
            return honest(params, kr, ids, x, dice)

    monkeypatch.setattr(share, "generate", crowded)
    outcome = played("names another value")
    assert outcome.campaign_rank is None
    assert outcome.quarantined > 20
    assert outcome.supplier_score is None


@pytest.mark.slow
def test_belittling_lowers_a_true_lead_by_less_than_the_cap_and_does_not_bury_it(played) -> None:
    outcome = played("belittles")
    untouched(outcome)
    assert outcome.campaign_without - outcome.campaign_score < CAP


@pytest.mark.slow
def test_flip_flopping_is_written_down_and_moves_nothing_else(played) -> None:
    outcome = played("flip-flops")
    untouched(outcome)
    assert outcome.withdrawn > 0
    assert outcome.campaign_without is None


def test_the_page_has_a_row_for_each_attempt() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    part = page.partition("## Hostile actors")[2].partition("\n## ")[0]
    assert re.findall(r"^\| \*\*(.+?)\*\*", part, re.MULTILINE) == NAMES
