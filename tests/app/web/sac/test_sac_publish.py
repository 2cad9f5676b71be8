"""Publications at the console: sentences with their sources, two people, roles from accounts, files in every form."""

import re

import pytest

from bavn.app.access.rights import Role
from bavn.centre.publish.threat import Threat
from tests.app.web.drawn_sector import ANNA, BO

pytestmark = pytest.mark.slow
ANALYST, PUBLISHER, APPROVER = {Role.ANALYST}, {Role.PUBLISHER}, {Role.APPROVER}
CARL = "Carl Juul"


@pytest.fixture
def brief(sac):
    """The brief as it stands, back where everybody may edit it."""
    (row,) = sac.body("/publications?kind=brief")["items"]
    if row["state"] not in ("draft", "edited", "approved"):
        body = {"act": "withdraw", "why": "again", "seen": row["version"]}
        sac.body(f"/publications/{row['id']}/act", "POST", json=body, name=CARL, roles=PUBLISHER)
        sac.body("/publications", "POST", json={"kind": "brief"}, status=201)
    return sac.body(f"/publications/{row['id']}")


def edited(sac, brief, place="overview/1", act="reword", **more):
    body = {
        "place": place,
        "act": act,
        "en": "All is calm.",
        "da": "Alt er roligt.",
        "why": "clearer",
        "seen": brief["row"]["version"],
    } | more
    return lambda status=200, name=ANNA: sac.body(
        f"/publications/{brief['row']['id']}/edit", "POST", json=body, status=status, name=name, roles=ANALYST
    )


def acted(sac, whole, act, name, status=200, roles=PUBLISHER, **more):
    body = {"act": act, "seen": whole["row"]["version"], **more}
    return sac.body(f"/publications/{whole['row']['id']}/act", "POST", json=body, status=status, name=name, roles=roles)


def test_each_sentence_row_and_picture_names_sources_that_are_in_the_list(sac) -> None:
    shown = sac.body("/publications/picture?days=90")
    assert len(shown["sections"]) == 9
    known, used, figures = set(range(1, len(shown["sources"]) + 1)), set(), 0
    for section in shown["sections"]:
        for at, block in enumerate(section["blocks"], start=1):
            assert block["place"] == f"{section['id']}/{at}"
            named = [block["sources"], *(row["sources"] for row in (block["figure"] or {"rows": []})["rows"])]
            figures += block["figure"] is not None
            assert all(named), block
            used |= {number for one in named for number in one}
    assert used == known
    assert figures >= 4
    cases = [one["ref"] for one in shown["sources"] if one["kind"] == "case"]
    assert cases
    assert all(sac(f"/cases/{one}").status_code == 200 for one in cases)


def test_an_analyst_edits_and_somebody_else_whose_account_publishes_approves(sac, brief) -> None:
    made = edited(sac, brief)()
    assert made["document"]["sections"][0]["blocks"][0]["text"]["da"] == "Alt er roligt."
    assert (made["row"]["edited_by"], made["row"]["state"]) == (ANNA, "edited")
    first = made["document"]["sections"][0]["blocks"][0]["sources"][0]
    assert made["document"]["sources"][first - 1] == {
        "kind": "person",
        "says": {"en": "judged by", "da": "vurderet af"},
        "ref": ANNA,
        "command": "",
    }
    for roles in (ANALYST, APPROVER, {Role.ADMIN}, {Role.AUDITOR}):
        assert acted(sac, made, "approve", BO, 403, roles)["type"] == "not-allowed"
    own = acted(sac, made, "approve", ANNA, 403)
    assert (own["type"], own["act"]) == ("not-this-person", "colleague")
    assert own["title"]["da"].startswith("Den, der sidst redigerede det")
    stale = acted(sac, brief, "approve", BO, 409)
    assert stale["type"] == "changed-meanwhile"
    approved = acted(sac, made, "approve", BO)
    assert (approved["row"]["approved_by"], approved["row"]["acts"]) == (BO, ["edit", "publish", "withdraw"])
    published = acted(sac, approved, "publish", CARL)
    assert published["row"]["published_us"] is not None
    assert edited(sac, published)(409)["type"] == "not-now"
    assert acted(sac, published, "archive", CARL)["row"]["state"] == "archived"
    acts = [line["act"] for line in sac.body(f"/audit?subject={made['row']['id']}&limit=50")["items"]]
    assert {"publish-edit", "publish-approve", "publish-publish", "publish-archive"} <= set(acts)


def test_the_role_counts_at_the_console_also_where_a_list_of_names_stands_in_the_file(sac, brief, monkeypatch) -> None:
    publishing = sac.house.file.publish
    monkeypatch.setattr(type(publishing), "publishers", property(lambda _: ("Dorte Holm",)), raising=False)
    made = edited(sac, brief, act="add")()
    assert acted(sac, made, "approve", ANNA, 403)["type"] == "not-this-person"
    assert acted(sac, made, "approve", BO)["row"]["approved_by"] == BO


def test_a_figure_is_taken_out_but_not_reworded_and_both_languages_are_asked_for(sac, brief) -> None:
    blocks = [block for section in brief["document"]["sections"] for block in section["blocks"]]
    figure = next(one for one in blocks if one["figure"])
    assert edited(sac, brief, figure["place"])(422)["title"]["da"].endswith("tilføj ord efter den")
    assert edited(sac, brief, da=" ")(422)["type"] == "both-languages"
    assert edited(sac, brief, "nowhere/7")(422)["type"] == "bad-value"
    assert edited(sac, brief, en="a\x00b")(422)["type"] == "bad-value"
    assert edited(sac, brief, figure["place"], "remove")(422)["type"] == "no-words"
    after = edited(sac, brief, figure["place"], "remove", en="", da="")()
    left = [
        block["figure"]["id"]
        for section in after["document"]["sections"]
        for block in section["blocks"]
        if block["figure"]
    ]
    assert figure["figure"]["id"] not in left
    before = sac.body(f"/publications/{brief['row']['id']}?version={brief['row']['version']}")
    assert before["document"] == brief["document"]
    assert after["versions"][0]["by"] == ANNA


def test_a_file_in_each_form_says_that_it_is_a_draft(sac, brief) -> None:
    edited(sac, brief, act="add")()  # whatever another test made of it: it is no more approved
    at = f"/publications/{brief['row']['id']}/file"
    page = sac(f"{at}?form=html&language=da")
    assert page.headers["content-disposition"] == f'attachment; filename="bavn-{brief["row"]["id"]}.da.html"'
    assert "ikke godkendt" in page.text or "udkast" in page.text
    whole = sac(f"{at}?form=pdf")
    assert whole.content.startswith(b"%PDF-"), whole.text[:300]
    assert sac(f"{at}?form=json").json()["period"] == brief["row"]["period"]
    assert sac("/publications/picture/file?form=json&days=30").json()["kind"] == "picture"
    assert sac(f"{at}?form=exe").status_code == 422


def test_what_is_not_there_or_not_over_is_refused_in_words(sac) -> None:
    assert sac.body("/publications/brief-1999-01", status=404)["title"]["da"].startswith("Intet dokument hedder")
    for period in ("2999-01", "yesterday"):
        answer = sac.body("/publications", "POST", json={"kind": "brief", "period": period}, status=422)
        assert answer["title"]["da"] != answer["title"]["en"]
    assert sac("/publications", "POST", json={"kind": "picture"}).status_code == 422


def test_a_level_is_set_by_a_person_with_a_reason_and_a_case_is_given_its_sort(sac) -> None:
    body = {"level": 3, "why": "two partners warn"}
    assert sac.body("/threats/terror", "POST", json=body, status=403, roles=ANALYST)["type"] == "not-allowed"
    levels = sac.body("/threats/terror", "POST", json=body, name=BO, roles=APPROVER)["levels"]
    made = {one["threat"]: one for one in levels}
    assert (made["terror"]["level"], made["terror"]["set_by"], made["terror"]["proposed"]) == (3, BO, None)
    assert made["terror"]["level_said"]["da"] == "høj"
    assert set(made) == set(Threat)
    assert sac.body("/threats")["history"][0]["why"] == "two partners warn"
    first = sac.body("/threats")["cases"][0]
    where = f"/threats/cases/{first['case_id']}"
    sac.body(where, "POST", json={"threat": "espionage", "why": "a partner names the group"}, roles=ANALYST)
    rows = {one["case_id"]: one for one in sac.body("/threats")["cases"]}
    assert (rows[first["case_id"]]["threat"], rows[first["case_id"]]["by"]) == ("espionage", ANNA)
    assert sac.body("/threats/cases/case-none", "POST", json={"threat": "", "why": "x"}, status=404)


def test_no_sentence_of_a_shown_document_is_markup(sac) -> None:
    shown = sac.body("/publications/picture")
    said = [
        block["text"][lang] for section in shown["sections"] for block in section["blocks"] for lang in ("en", "da")
    ]
    assert len(said) > 20
    assert not any(re.search(r"<[a-z]", one) for one in said)
