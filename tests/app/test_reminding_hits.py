"""An actor that met a confirmed attack before it was known is told so by mail at once, and the centre with it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from bavn.app.centre.reminding import Reminding, ways_of
from bavn.centre.cases.reminders import of_hits
from bavn.centre.share.tables import INDICATOR, writing
from bavn.model.moment import HOUR_US, as_us
from bavn.model.received import Observed
from bavn.model.sector.met_before import MetBefore
from tests.app.test_reminding import centre, certificate, mail, settings  # noqa: F401  fixtures

ID = "indicator--00000000-0000-5000-8000-000000000001"


def released(desk, case_id, now_us):
    plain = {
        "version": 1,
        "pap": 2,
        "confidence": 90,
        "technique": "T1071",
        "order_no": 1,
        "grounds": "{}",
        "live": True,
    }
    times = dict.fromkeys(("valid_from_us", "created_us", "released_us"), now_us)
    where = {"type": "domain", "value": "evil.example.com", "tlp": "TLP:AMBER", "valid_until_us": now_us + 9 * HOUR_US}
    with writing(desk.engine) as connection:
        connection.execute(insert(INDICATOR).values(id=ID, case_id=case_id, **plain, **times, **where))


def observed(desk, actor, kind, bucket, now_us):
    hour = (now_us - 200 * HOUR_US) // HOUR_US
    first = {"first_hour": hour, "last_hour": hour} if bucket else {"first_hour": None, "last_hour": None}
    desk.deliveries.observed(
        Observed(item_id="", actor=actor, indicator_id=ID, kind=kind, count_bucket=bucket, received_us=now_us, **first)
    )


def test_the_hit_actor_and_the_centre_are_mailed_once_and_nobody_else(centre, mail, certificate) -> None:  # noqa: F811
    given, desk, clock, case_id = centre(settings(mail, certificate=certificate, more='language = "da"\n'))
    now_us = clock.now_us()
    released(desk, case_id, now_us)
    observed(desk, "north", "retro", 2, now_us)
    observed(desk, "south", "retro", 0, now_us)
    observed(desk, "south", "blocked", 2, now_us)
    reminding = Reminding(given, desk, ways_of(given))
    assert reminding.once() == (2, 0)
    assert reminding.once() == (0, 0)
    assert sorted(to for (to,), _ in mail.mails) == ["desk@sac.example", "soc@north.example"]
    for (to,), message in mail.mails:
        text = message.get_content()
        assert message["Subject"] == f"Bavn: {case_id}: BEKRÆFTET ANGREB"
        assert "et bekræftet angreb var hos north, før det var kendt, første gang den " in text
        assert ("`bavn node hits`" in text) == (to == "soc@north.example")
        assert "evil" not in text + message["Subject"]
    desk.engine.dispose()


def test_the_day_is_the_one_that_people_had() -> None:
    late_us = as_us(datetime(2026, 11, 21, 23, 0, tzinfo=UTC))
    hit = MetBefore(indicator_id=ID, case_id="case-1", actor="north", first_us=late_us, told_us=late_us)
    (said,) = of_hits([hit], ZoneInfo("Europe/Copenhagen"))
    assert said.about.en.endswith("first on 22 November 2026")
    (said,) = of_hits([hit], ZoneInfo("UTC"))
    assert said.about.en.endswith("first on 21 November 2026")
