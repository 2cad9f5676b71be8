"""Every case of every detector: a hit is found with its host, peer, observables and p; a miss has no p of 0.05 or less.

What is regular but famous is weighed down, not dropped: such a miss says by ``p_min`` how far.
"""

import pytest

SHOWN_P_MAX = 0.05


def test_a_case_is_found_or_left_alone(case, made) -> None:
    found = made.run(case).suspicions
    mine = [s for s in found if s.detector == case.detector]
    if not case.hit:
        shown = case.given.get("p_min", SHOWN_P_MAX)
        assert [(s.host, s.peer, s.p, s.why.en) for s in mine if s.p <= shown] == []
        return
    expect = case.given["expect"]
    here = [s for s in mine if (s.host, s.peer) == (expect["host"], expect["peer"])]
    assert len(here) == 1, [(s.host, s.peer, round(s.p, 4), s.why.en) for s in mine]
    (one,) = here
    assert one.p <= expect["p_max"], (one.p, one.p_source, one.why.en)
    assert [str(o) for o in one.observables][: len(expect["observables"])] == expect["observables"]


def test_no_case_says_nothing(case) -> None:
    assert case.given["says"].strip().endswith(".")
    assert case.name.startswith(("hit-", "miss-"))
    if case.hit:
        assert {"host", "peer", "p_max", "observables"} == set(case.given["expect"])


@pytest.mark.slow
def test_the_store_gives_what_the_small_window_gives(case, made, stored) -> None:
    """The same suspicions whether the rows lie in memory or in the real store, which admits queries one by one."""
    small = made.window_of(case)
    assert made.run(case, stored(small)).suspicions == made.run(case, small).suspicions
