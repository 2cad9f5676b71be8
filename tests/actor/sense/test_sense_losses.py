"""What a source says that it lost: a count that cannot be more than there was."""

import pytest

from bavn.actor.sense.base import Accounted, Loss


def test_a_loss_is_no_more_than_there_was_and_a_source_is_accounted_by_its_methods() -> None:
    assert Loss(what="capture_drops", count=3, unit="packets", of=3).of == 3
    for count, of in ((-1, None), (4, 3)):
        with pytest.raises(ValueError, match="capture_drops"):
            Loss(what="capture_drops", count=count, unit="packets", of=of)

    class Telling:
        def losses(self):
            return (Loss(what="queue_full", count=0, unit="datagrams"),)

        def counts(self):
            return {"exporters": 2}

    assert isinstance(Telling(), Accounted)
    assert not isinstance(object(), Accounted)
