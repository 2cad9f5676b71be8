"""The sector that consoles are tried on has in it what they show, all of it come by the real way."""

import pytest

from bavn.model.sector.case import CaseState
from tests.app.web.drawn_sector import ACTORS, CAMPAIGN, FOURTH, SECOND, THIRD, WEAK, drawn_again, many_leads


@pytest.mark.slow
def test_the_drawn_sector_has_cases_in_all_stages_and_a_campaign_in_force(drawn_once, tmp_path) -> None:
    """And so has a copy of it."""
    with drawn_again(drawn_once, tmp_path) as sector:
        states = {
            name: sector.case_of(one[0]).state
            for name, one in {"campaign": CAMPAIGN, "second": SECOND, "third": THIRD, "fourth": FOURTH}.items()
        }
        assert states == {
            "campaign": CaseState.RELEASED,
            "second": CaseState.TRIAGE,
            "third": CaseState.DISMISSED,
            "fourth": CaseState.NEW,
        }
        with_case = {one.facts.lead_id for one in sector.desk.cases.every()}
        assert [v.lead.observables for v in sector.desk.lead_book.leads() if v.lead.id not in with_case] == [WEAK]
        (clock, *_) = sector.desk.times.clocks()
        assert (len(clock.enforced), clock.missing) == (len(ACTORS) - 1, ("clinic-west",))
        assert any(sector.desk.deliveries.sightings(view.kept.indicator.id) for view in sector.desk.indicators())
        assert sector.desk.audit_verify() is None
        many_leads(sector.engine, 50, sector.clock.now_us())
        assert len(sector.desk.lead_book.leads(100)) == 50
