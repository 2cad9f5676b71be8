"""What a detector's own file says of it is said in Danish as well, with the same figures and names."""

import re

import pytest

from bavn.actor.detect.base import HEADINGS
from bavn.actor.detect.run import DETECTORS
from bavn.app.analyst.detector_guide import HEADS, guide_of

_FIGURE = re.compile(r"\d+(?:[.,]\d+)?")
_NAMED = re.compile(r"\b(?:[A-Z][A-Z0-9]{2,}|[a-z]+_[a-z]+)\b")


def test_every_detector_and_no_other_has_a_guide_under_every_heading() -> None:
    guides = {one.name: [head for head, _ in guide_of(one.name)] for one in DETECTORS}
    assert [name for name, heads in guides.items() if heads != [HEADS[head] for head in HEADINGS]] == []
    assert guide_of("nobody's") == ()


@pytest.mark.parametrize("name", sorted(one.name for one in DETECTORS))
def test_both_languages_have_the_same_figures_and_names(name) -> None:
    for _, said in guide_of(name):
        assert sorted(_FIGURE.findall(said.en)) == sorted(one.replace(",", ".") for one in _FIGURE.findall(said.da))
        assert set(_NAMED.findall(said.en)) == set(_NAMED.findall(said.da))
        assert said.en != said.da
