"""What the demonstration takes for proof that nobody missed a key holder but the page that says so."""

from types import SimpleNamespace

import pytest

from bavn.centre.correlate.round_state import Phase
from bavn_lab.demo.silent_holder import RoundsSeen, all_name, rounds_before_and_since, silent_at


def page(*states, problems=("keyholder-2",)):
    holders = [{"number": number, "state": state} for number, state in enumerate(states, 1)]
    return {"key_holders": {"holders": holders}, "problems": [{"source": source} for source in problems]}


GONE = page("answers", "silent", "answers")


@pytest.mark.parametrize(
    "other",
    [
        page("answers", "answers", "answers"),
        page("silent", "silent", "answers"),
        page("answers", "refuses", "answers"),
        page("answers", "silent", "answers", problems=()),
        {"key_holders": None, "problems": []},
    ],
)
def test_each_page_must_name_the_one_that_is_gone_and_no_other(other) -> None:
    assert silent_at(GONE) == [2]
    assert all_name(2, {"region-nord": GONE, "klinik": GONE}) is not None
    assert all_name(2, {"region-nord": GONE, "klinik": other}) is None


def test_rounds_count_once_their_uploads_are_over_and_are_whole_where_nobody_is_missing() -> None:
    def summary(opened_us, phase, *missing):
        return SimpleNamespace(round=SimpleNamespace(opened_us=opened_us, phase=phase), missing=missing)

    rounds = [
        summary(40, Phase.UPLOADS),
        summary(30, Phase.REVEAL),
        summary(20, Phase.CLOSED, "klinik"),
        summary(10, Phase.CLOSED),
        summary(5, Phase.VOID, "klinik", "region-nord"),
    ]
    before, since = rounds_before_and_since(SimpleNamespace(rounds=lambda _: rounds), 20)
    assert (before, since) == (RoundsSeen(2, 1), RoundsSeen(2, 1))
