"""Reports that came of the sector's own word: parted from evidence by release, first sight and coming."""

from dataclasses import replace

import pytest

from bavn.centre.correlate.echo import parted
from bavn.model.moment import HOUR_US

SINCE, UNTIL = 1000, 1100
SPAN = (SINCE * HOUR_US + 5, UNTIL * HOUR_US)


@pytest.mark.parametrize(
    ("first", "received_us", "later"),
    [
        (SINCE + 1, SPAN[0] + HOUR_US, True),
        (SINCE, SPAN[0] + 1, True),
        (SINCE, SPAN[0] - 1, False),
        (SINCE - 1, SPAN[0] + HOUR_US, False),
        (UNTIL, UNTIL * HOUR_US + 1, False),
    ],
)
def test_a_report_after_the_release_is_no_evidence(sign, first, received_us, later):
    given = replace(sign(actor="anna"), first_hour=first, last_hour=first, received_us=received_us)
    evidence, met = parted([given], {given.observable: SPAN}, {})
    assert (evidence == (), met == {given.observable: {"anna"}}) == (later, later)


def test_what_a_group_saw_before_the_release_counts_and_is_not_told_as_later(sign):
    given = replace(sign(actor="anna"), first_hour=SINCE + 5, last_hour=SINCE + 5, received_us=SPAN[0] + 9 * HOUR_US)
    memory = {given.observable: {given.group: SINCE - 5}}
    assert parted([given], {given.observable: SPAN}, memory) == ((given,), {})
    before = replace(sign(actor="anna"), first_hour=SINCE - 5, received_us=SPAN[0] - 1)
    after = replace(before, tier="A", first_hour=SINCE + 5, received_us=SPAN[0] + 9 * HOUR_US)
    assert parted([before, after], {before.observable: SPAN}, {}) == ((before,), {})
