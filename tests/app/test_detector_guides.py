"""What a detector's own file says of it is said in Danish as well, with the same figures and names."""

import re

import pytest

from bavn.actor.detect.base import HEADINGS
from bavn.actor.detect.run import DETECTORS
from bavn.app.analyst.detector_danish import GUIDES
from bavn.app.analyst.detector_guide import HEADS, guide_of

_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_NAMED = re.compile(r"\b(?:[A-Z][A-Z0-9]{2,}|[a-z]+_[a-z]+)\b")


def test_every_detector_and_no_other_has_a_guide_under_every_heading() -> None:
    assert sorted(GUIDES) == sorted(one.name for one in DETECTORS)
    assert [name for name, said in GUIDES.items() if tuple(said) != HEADINGS] == []
    assert guide_of("nobody's") == ()


@pytest.mark.parametrize("name", sorted(GUIDES))
def test_both_languages_have_the_same_figures_and_names(name) -> None:
    guide = guide_of(name)
    assert [head for head, _ in guide] == [HEADS[head] for head in HEADINGS]
    for _, said in guide:
        assert sorted(_FIGURE.findall(said.en)) == sorted(_FIGURE.findall(said.da))
        assert set(_NAMED.findall(said.en)) == set(_NAMED.findall(said.da))
        assert said.en != said.da
