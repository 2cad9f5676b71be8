"""The console's roll-out and warnings: each act through the room, refused in both languages, open to whom it is for."""

from collections.abc import Callable
from secrets import token_hex

import pytest

from bavn.app.access.rights import Role
from bavn.app.web.problems import said
from bavn.centre.members.rollout import RolloutRow
from bavn.model.sector.sector_warning import Address
from bavn.model.text import Text
from tests.app.web.drawn_sector import ANNA

pytestmark = pytest.mark.slow
BODY = {
    "title_en": "Patch it",
    "title_da": "Opdater det",
    "text_en": "Now.",
    "text_da": "Nu.",
    "urgency": "critical",
    "tlp": "TLP:AMBER",
    "observables": ["evil[.]example.com"],
}
WHY = {"why": "it is urgent"}


def test_a_warning_is_drafted_sent_changed_and_ended(sac) -> None:
    made = sac.body("/warnings", "POST", 201, json=BODY | {"address": {"kinds": ["clinic"]}})
    one = made["row"]["id"]
    assert made["row"]["may"] == ["edit", "send", "withdraw"]
    assert made["observables"] == ["domain:evil.example.com"]
    assert (made["acknowledge_hours"], made["hours"]) == (24, 14 * 24)
    assert {actor.split("-")[0] for actor in made["reaches"]} <= {"clinic"}
    sent = sac.body(f"/warnings/{one}/send", "POST", json=WHY)
    assert (sent["row"]["state"], sent["row"]["version"], sent["row"]["by"]) == ("sent", 1, ANNA)
    changed = sac.body(f"/warnings/{one}", "PUT", json=BODY | WHY | {"title_en": "Patch and reboot"})
    assert (changed["row"]["version"], changed["row"]["title"]["en"]) == (2, "Patch and reboot")
    assert len(changed["reaches"]) > len(made["reaches"])
    assert sac.body("/warnings?state=sent")["items"][0]["id"] == one
    whole = [row["id"] for row in sac.body("/warnings?limit=500")["items"]]
    paged, after = [], ""
    while after is not None:
        page = sac.body("/warnings?limit=1" + (f"&after={after}" if after else ""))
        paged, after = paged + [row["id"] for row in page["items"]], page["next"]
    assert paged == whole
    assert sac.body(f"/warnings/{one}/end", "POST", json=WHY)["row"]["may"] == []
    again = sac(f"/warnings/{one}/send", "POST", json=WHY)
    assert (again.status_code, again.json()["title"]["da"]) == (
        409,
        "Varslet er ophørt, så du kan ikke sende nu; muligt: intet",
    )
    assert sac("/warnings/warning-0000000000000000").status_code == 404
    assert sac("/warnings", "POST", json=BODY | {"observables": ["10.1.2.3"]}).status_code == 422
    assert sac("/warnings", "POST", json=BODY | {"address": {"kinds": ["kingdom"]}}).status_code == 422
    assert sac("/warnings", "POST", json=BODY, roles={Role.AUDITOR}).status_code == 403
    assert sac.body(f"/warnings/{one}", roles={Role.AUDITOR})["row"]["may"] == []


def test_the_roll_out_is_one_list_and_a_row_is_set_by_whoever_may(sac) -> None:
    new = f"new-{token_hex(3)}"  # once more is another one: what a first try set stands
    given = {"day": "2027-03-01", "group": "wave-3", "waits_for": "its network"}
    made = sac.body(f"/rollout/{new}", "PUT", json=WHY | given)
    assert (made["state"], made["says"]["da"], made["member"]) == ("planned", "planlagt", None)
    assert made | given == made
    lines = {one["actor"]: one for one in sac.body("/rollout", roles={Role.ANALYST})["items"]}
    assert lines[new] == made
    assert lines["region-nord"]["state"] == "planned"
    assert (lines["kommune-vest"]["state"], lines["kommune-vest"]["member"]) == (None, "active")
    blocked = sac(f"/rollout/{new}", "PUT", json=WHY | {"state": "testing"})
    assert blocked.status_code == 409
    assert "venter på" in blocked.json()["title"]["da"]
    assert sac(f"/rollout/{new}", "PUT", json=WHY | {"day": "soon"}).status_code == 422
    assert sac(f"/rollout/{new}", "PUT", json=WHY | given, roles={Role.ANALYST}).status_code == 403


def refused(act: Callable[[], object]) -> Text:
    with pytest.raises(Exception, match=r".") as error:
        act()
    return said(error.value)


@pytest.mark.parametrize(
    ("act", "danish"),
    [
        (lambda: RolloutRow(actor="new-one", day="soon"), "'soon' er ingen dag: skriv 2026-11-26"),
        (lambda: Address(kinds=("x",)), "Kinds: 'x' er ukendt; kendte: "),
        (lambda: Address(regions=("?",)), "Regions: højst 200 navne, og '?' er intet"),
    ],
)
def test_what_these_rooms_refuse_is_said_in_danish(act, danish) -> None:
    assert refused(act).da.startswith(danish)
