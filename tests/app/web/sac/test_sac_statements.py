"""How often the database is asked for a page does not grow with what stands on the page."""

import pytest
from sqlalchemy import text

from tests.app.web.counting import counted
from tests.app.web.drawn_sector import many_leads

MORE = """
INSERT INTO case_indicator
(id, type, value, state, rev, case_id, case_order, wanted, order_no, done_no, drafted_us, body)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40),
one AS (SELECT * FROM case_indicator WHERE state = 'released' ORDER BY id LIMIT 1)
SELECT printf('indicator--%08x-0000-5000-8000-000000000000', i), type, 'b' || i || '.example.com', state, rev,
case_id, case_order, wanted, order_no, done_no, drafted_us - i, body FROM n, one
"""


@pytest.fixture(scope="module")
def grown(sac):
    """With sixty leads more, and a case that has forty indicators more; its id."""
    engine = sac.house.registry.engine
    many_leads(engine, 60, sac.house.clock.now_us())
    first = "SELECT case_id FROM case_indicator WHERE state = 'released' ORDER BY id LIMIT 1"
    with engine.begin() as connection:
        return connection.scalar(text(first))


def statements(sac, path) -> list[str]:
    sac.body(path)  # what is kept from one time to the next is there
    with counted(sac.house.registry.engine) as asked:
        sac.body(path)
    return asked


@pytest.mark.parametrize(
    ("few", "many"),
    [
        ("/leads?limit=1", "/leads?limit=60"),
        ("/overview?budget=1", "/overview?budget=50"),
        ("/indicators/clocks?limit=1", "/indicators/clocks?limit=50"),
    ],
)
def test_a_longer_page_asks_no_more_often(sac, grown, few, many) -> None:
    assert len(statements(sac, many)) == len(statements(sac, few))


def test_a_page_of_leads_and_the_overview_ask_this_often_at_most(sac, grown) -> None:
    assert len(statements(sac, "/leads?limit=60")) <= 12
    assert len(statements(sac, "/overview")) <= 70


def test_a_case_asks_no_more_often_for_more_indicators(sac, grown) -> None:
    before = len(statements(sac, f"/cases/{grown}"))
    listed = len(sac.body(f"/cases/{grown}")["indicators"])
    with sac.house.registry.engine.begin() as connection:
        connection.execute(text(MORE))
    assert len(sac.body(f"/cases/{grown}")["indicators"]) == listed + 40
    assert len(statements(sac, f"/cases/{grown}")) == before
