"""What a source says that it lost: a count that cannot be more than there was."""

import pytest

from bavn.actor.sense.base import Accounted, Loss


def test_more_cannot_be_lost_than_there_was() -> None:
    assert Loss(what="capture_drops", count=3, unit="packets", of=3).of == 3
    for count, of in ((-1, None), (4, 3)):
        with pytest.raises(ValueError, match="capture_drops"):
            Loss(what="capture_drops", count=count, unit="packets", of=of)


def test_a_source_is_accounted_by_its_methods() -> None:
    class Telling:
        def losses(self):
            return (Loss(what="queue_full", count=0, unit="datagrams"),)

        def counts(self):
            return {"exporters": 2}

    assert isinstance(Telling(), Accounted)
    assert not isinstance(object(), Accounted)
