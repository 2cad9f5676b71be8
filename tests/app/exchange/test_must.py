"""TAXII 2.1's must-list as a table (OASIS standard, 2021-06-10): each row is a request and what must come back.

What a table cannot hold (paging, versions, deletion) stands below it.
"""

import json

import pytest

from bavn.app.centre.exchange.taxii_answers import ROOT
from bavn.app.process.failure_folder import FailureFolder
from bavn.model.intel.indicator import Tlp
from bavn.model.moment import MINUTE_US, iso
from bavn.model.principal import account
from bavn.model.sector.partner import Inward, Outward
from bavn.wire.gate import Rule
from bavn.wire.partners.taxii import TAXII, collection_id

C = f"{ROOT}collections/"
RELEASED, PROPOSALS = f"{C}released/", f"{C}proposals/"
NOBODY = "indicator--00000000-0000-4000-8000-000000000000"

MUST = [
    # what, method, path, headers, body, status
    ("3.1 discovery", "GET", "/taxii2/", {}, None, 200),
    ("4.1 API root", "GET", ROOT, {}, None, 200),
    ("4.2 unknown API root", "GET", "/other/", {}, None, 404),
    ("4.2 unknown status", "GET", f"{ROOT}status/{'0' * 8}/", {}, None, 404),
    ("5.1 collections", "GET", C, {}, None, 200),
    ("5.2 collection by alias", "GET", RELEASED, {}, None, 200),
    ("5.2 collection by id", "GET", f"{C}{collection_id('test', 'released')}/", {}, None, 200),
    ("5.2 unknown collection", "GET", f"{C}secrets/", {}, None, 404),
    ("5.3 manifest", "GET", f"{RELEASED}manifest/", {}, None, 200),
    ("5.3 manifest of an unknown collection", "GET", f"{C}secrets/manifest/", {}, None, 404),
    ("5.4 objects", "GET", f"{RELEASED}objects/", {}, None, 200),
    ("5.4 objects of an unknown collection", "GET", f"{C}secrets/objects/", {}, None, 404),
    ("5.5 add where one may not write", "POST", f"{RELEASED}objects/", {"content-type": TAXII}, "{}", 403),
    ("5.5 add where nothing is", "POST", f"{C}secrets/objects/", {"content-type": TAXII}, "{}", 404),
    ("5.6 unknown object", "GET", f"{RELEASED}objects/{NOBODY}/", {}, None, 404),
    ("5.6 what is no object's id", "GET", f"{RELEASED}objects/x/", {}, None, 404),
    ("5.7 delete where one may not write", "DELETE", f"{RELEASED}objects/{NOBODY}/", {}, None, 403),
    ("5.7 delete what is not there", "DELETE", f"{PROPOSALS}objects/{NOBODY}/", {}, None, 404),
    ("5.8 versions of an unknown object", "GET", f"{RELEASED}objects/{NOBODY}/versions/", {}, None, 404),
    ("1.6 any representation", "GET", "/taxii2/", {"accept": "*/*"}, None, 200),
    ("1.6 no version", "GET", "/taxii2/", {"accept": "application/taxii+json"}, None, 200),
    ("1.6 spaces", "GET", "/taxii2/", {"accept": "application/taxii+json; version=2.1"}, None, 200),
    (
        "1.6 one of several",
        "GET",
        "/taxii2/",
        {"accept": "text/html, application/taxii+json;version=2.1;q=0.5"},
        None,
        200,
    ),
    ("1.6 another version", "GET", "/taxii2/", {"accept": "application/taxii+json;version=2.0"}, None, 406),
    ("1.6 another representation", "GET", "/taxii2/", {"accept": "text/html"}, None, 406),
    ("1.6 refused by weight", "GET", "/taxii2/", {"accept": "application/taxii+json;q=0"}, None, 406),
    ("1.6 body of another type", "POST", f"{PROPOSALS}objects/", {"content-type": "application/json"}, "{}", 415),
    (
        "1.6 body of another version",
        "POST",
        f"{PROPOSALS}objects/",
        {"content-type": "application/taxii+json;version=2.0"},
        "{}",
        415,
    ),
    ("3.6 a body that is no JSON", "POST", f"{PROPOSALS}objects/", {"content-type": TAXII}, "{", 400),
    ("3.6 a body that is no envelope", "POST", f"{PROPOSALS}objects/", {"content-type": TAXII}, "[]", 422),
    ("3.6 an empty envelope", "POST", f"{PROPOSALS}objects/", {"content-type": TAXII}, '{"objects": []}', 422),
    (
        "4.1 longer than max_content_length",
        "POST",
        f"{PROPOSALS}objects/",
        {"content-type": TAXII},
        " " * 1_000_001,
        413,
    ),
    ("1.6 a method that is none here", "PUT", f"{RELEASED}objects/", {}, None, 405),
    ("1.6 a method that is none here", "DELETE", "/taxii2/", {}, None, 405),
    ("1.6 a URL without its slash", "GET", "/taxii2", {}, None, 404),
    ("3.4 limit of nothing", "GET", f"{RELEASED}objects/?limit=0", {}, None, 400),
    ("3.4 limit that is no number", "GET", f"{RELEASED}objects/?limit=ten", {}, None, 400),
    ("3.4 limit above ours", "GET", f"{RELEASED}objects/?limit=999999999", {}, None, 200),
    ("3.4 next that we never gave", "GET", f"{RELEASED}objects/?next=abc", {}, None, 400),
    ("3.4 added_after that is no time", "GET", f"{RELEASED}objects/?added_after=yesterday", {}, None, 400),
    ("3.4 match[version] that is none", "GET", f"{RELEASED}objects/?match[version]=newest", {}, None, 400),
    ("3.4 match[id] that is none", "GET", f"{RELEASED}objects/?match[id]=a'b", {}, None, 400),
    ("3.4 match[spec_version] that is none", "GET", f"{RELEASED}objects/?match[spec_version]=x", {}, None, 400),
    ("3.4 a parameter of others", "GET", f"{RELEASED}objects/?colour=red", {}, None, 200),
    ("1.7 no credential", "GET", "/taxii2/", {"authorization": ""}, None, 401),
    ("1.7 wrong token", "GET", C, {"authorization": "Bearer x"}, None, 401),
    ("1.7 wrong password", "GET", C, {"authorization": "Basic Y2VydC1ub3JkOng="}, None, 401),
    ("1.7 no base64", "GET", C, {"authorization": "Basic \x7f"}, None, 401),
    ("1.7 unknown scheme", "GET", C, {"authorization": "Digest x"}, None, 401),
]


@pytest.fixture
def client(world):
    world.partner()
    world.release("evil.example.com", "worse.example.com")
    return world.client()


@pytest.mark.parametrize(("what", "method", "path", "headers", "body", "status"), MUST, ids=[row[0] for row in MUST])
def test_what_must_come_back(client, what, method, path, headers, body, status) -> None:
    said = client.request(method, path, headers=headers, content=body)
    assert said.status_code == status, (what, said.text)
    assert said.headers["content-type"] == TAXII
    if status >= 400:  # 3.6.1: an error message resource
        problem = said.json()
        assert problem["title"]
        assert problem["http_status"] == str(status)
    if status == 401:
        assert "Basic" in said.headers["www-authenticate"]


def test_the_resources_have_what_they_must_have_a_page_of_nothing_no_dates(client) -> None:
    found = client.get("/taxii2/").json()
    assert found["title"]
    assert found["default"] in found["api_roots"]
    root = client.get(found["default"]).json()
    assert (root["versions"], root["max_content_length"]) == ([TAXII], 1_000_000)
    collections = client.get(f"{ROOT}collections/").json()["collections"]
    assert [one["alias"] for one in collections] == ["released", "network", "files", "fingerprints", "proposals"]
    for one in collections:
        assert set(one) == {"id", "title", "alias", "can_read", "can_write", "media_types"}
        assert one["can_write"] == (one["alias"] == "proposals")
        assert client.get(f"{ROOT}collections/{one['id']}/").json() == one


def test_a_partner_without_collections_and_trust_sees_an_empty_list_and_a_page_of_nothing_has_no_dates(world) -> None:
    world.partner(out=Outward(), inward=Inward())
    client = world.client()
    assert client.get(f"{ROOT}collections/").json() == {}
    assert client.get(f"{ROOT}collections/proposals/").status_code == 404


def test_added_after_is_later_than_filters_combine_and_pages_hold_everything_once(world, released) -> None:
    world.partner()
    world.release("a.example.com")
    client = world.client()
    last = client.get(released).headers["x-taxii-date-added-last"]
    assert client.get(released, params={"added_after": last}).json() == {}
    world.clock.advance(MINUTE_US)
    world.release("b.example.com")
    found = client.get(released, params={"added_after": last}).json()["objects"]
    assert [one["pattern"] for one in found] == ["[domain-name:value = 'b.example.com']"]
    world.release(*(f"bad{n}.example.com" for n in range(25)))
    seen, dates, query = [], [], {"limit": 10, "match[type]": "indicator"}
    while True:
        said = client.get(released, params=query)
        body = said.json()
        seen += [one["id"] for one in body["objects"]]
        dates += [said.headers["x-taxii-date-added-first"], said.headers["x-taxii-date-added-last"]]
        if not body["more"]:
            assert "next" not in body
            break
        query["next"] = body["next"]
    assert (len(seen), len(set(seen))) == (27, 27)
    assert dates == sorted(dates)
    assert len(dates) == 6


def test_filters_choose_and_combine(world, released) -> None:
    world.partner()
    world.release("a.example.com", "b.example.com")
    world.release("45.9.1.2", kind="ip4")
    client = world.client()
    every = client.get(released, params={"match[type]": "indicator"}).json()["objects"]
    one, two = every[0]["id"], every[1]["id"]

    def ids(**query):
        found = client.get(released, params={f"match[{name}]": value for name, value in query.items()}).json()
        return [obj["id"] for obj in found.get("objects", [])]

    assert ids(id=one) == [one]
    assert set(ids(id=f"{one},{two}")) == {one, two}
    assert len(ids(type="indicator,identity")) == 4
    assert ids(id=one, type="identity") == []
    assert ids(spec_version="2.0") == []
    assert len(ids(spec_version="2.0,2.1", type="indicator")) == 3
    network = client.get(f"{ROOT}collections/network/objects/", params={"match[type]": "indicator"}).json()["objects"]
    assert len(network) == 3
    assert "objects" not in client.get(f"{ROOT}collections/files/objects/?match[type]=indicator").json()


def test_versions_first_last_all_and_by_their_time(world, released) -> None:
    world.partner()
    for confidence in (60, 70, 80):
        world.release("a.example.com", confidence=confidence)
        world.clock.advance(MINUTE_US)
    client = world.client()
    (only,) = client.get(released, params={"match[type]": "indicator"}).json()["objects"]
    path = f"{released}{only['id']}/"

    def confidences(**query):
        found = client.get(path, params=query).json().get("objects", [])
        return [one["confidence"] for one in found]

    versions = client.get(f"{path}versions/").json()["versions"]
    assert len(versions) == 3
    assert versions == sorted(versions)
    assert confidences() == [80]
    assert confidences(**{"match[version]": "first"}) == [60]
    assert confidences(**{"match[version]": "all"}) == [60, 70, 80]
    assert confidences(**{"match[version]": f"{versions[1]},last"}) == [70, 80]
    assert confidences(**{"match[version]": iso(1)}) == []
    manifest = client.get(f"{ROOT}collections/released/manifest/", params={"match[id]": only["id"]}).json()["objects"]
    assert [(row["version"], row["media_type"]) for row in manifest] == [
        (versions[2], "application/stix+json;version=2.1")
    ]


def test_what_is_added_has_a_status_can_be_read_back_deleted_by_version_and_no_higher_than_agreed(
    world, post, indicator
) -> None:
    world.partner()
    client = world.client()
    said = post(client, indicator(1), indicator(2), {"type": "malware", "id": "malware--x"})
    assert said.status_code == 202
    status = said.json()
    assert (status["status"], status["total_count"], status["success_count"], status["failure_count"]) == (
        "complete",
        3,
        2,
        1,
    )
    assert status["failures"][0]["message"].startswith("only_indicators")
    assert client.get(f"{ROOT}status/{status['id']}/").json() == status
    path = f"{ROOT}collections/proposals/objects/"
    assert [one["id"] for one in client.get(path).json()["objects"]] == [indicator(1)["id"], indicator(2)["id"]]
    assert client.delete(f"{path}{indicator(1)['id']}/").status_code == 200
    assert client.delete(f"{path}{indicator(1)['id']}/").status_code == 404
    assert [one["id"] for one in client.get(path).json()["objects"]] == [indicator(2)["id"]]
    for n in range(3):
        post(client, indicator(1, version_us=world.clock.now_us() + n))
    path = f"{ROOT}collections/proposals/objects/{indicator(1)['id']}/"
    assert client.delete(path, params={"match[version]": "first"}).status_code == 200
    assert len(client.get(f"{path}versions/").json()["versions"]) == 2
    assert client.delete(path).status_code == 200
    assert client.get(path).status_code == 404
    from bavn.wire.partners.marking import TLP_IDS

    said = post(world.client(), indicator(1, object_marking_refs=[TLP_IDS[Tlp.RED]])).json()
    assert said["failures"][0]["message"].startswith("tlp_max")
    assert json.dumps(said)


def test_one_partner_neither_sees_nor_deletes_what_another_added(world, post, indicator) -> None:
    for name in ("cert-nord", "cert-syd"):
        world.partner(name)
    nord, syd = world.client("cert-nord"), world.client("cert-syd")
    status = post(nord, indicator(1)).json()
    path = f"{ROOT}collections/proposals/objects/"
    assert syd.get(path).json() == {}
    assert syd.delete(f"{path}{indicator(1)['id']}/").status_code == 404
    assert syd.get(f"{ROOT}status/{status['id']}/").status_code == 404
    nord_id = next(
        one["id"] for one in nord.get(f"{ROOT}collections/").json()["collections"] if one["alias"] == "proposals"
    )
    assert syd.get(f"{ROOT}collections/{nord_id}/objects/").status_code == 404
    assert len(nord.get(path).json()["objects"]) == 1


def test_each_way_of_proving_who_one_is_is_let_in_and_its_end_counts_at_once(world) -> None:
    world.partner()
    client = world.client()
    password = world.credentials.password("cert-nord", account("Anna Berg"))
    assert client.get("/taxii2/", headers={"authorization": ""}).status_code == 401
    basic = client.get("/taxii2/", auth=("cert-nord", password))
    assert basic.status_code == 200
    world.partners.end("cert-nord", account("Anna Berg"), "done")
    assert client.get("/taxii2/", auth=("cert-nord", password)).status_code == 401
    assert client.get("/taxii2/").status_code == 401


def test_too_much_is_told_to_come_later(world) -> None:
    from bavn.app.centre.exchange.taxii_service import TaxiiLimits

    world.partner()
    client = world.client(limits=TaxiiLimits(requests_per_minute=3, failures_per_minute=2))
    assert [client.get("/taxii2/").status_code for _ in range(4)] == [200, 200, 200, 429]
    strange = {"authorization": "Bearer x"}
    assert [client.get("/taxii2/", headers=strange).status_code for _ in range(3)] == [401, 401, 429]


def test_a_page_of_nothing_has_no_dates(world) -> None:
    world.partner()
    said = world.client().get(f"{ROOT}collections/proposals/manifest/")
    assert said.json() == {}
    assert "x-taxii-date-added-first" not in said.headers


def test_no_object_of_a_strangers_and_no_rule_that_fails_ends_the_centre(world) -> None:
    """``broke`` of the world raises: it stands for the end of the process."""
    world.partner()
    world.partner("cert-syd")
    odd = [
        {"id": "indicator--\ud800", "type": "\ud800", "pattern": "\ud800", "modified": "\ud800"},
        {"\ud800": 1},
        {"id": f"indicator--{'0' * 8}-0000-4000-8000-{'0' * 12}", "type": "indicator", "created": {"a": ["\ud800"]}},
    ]
    world.book.failures = FailureFolder(None, world.clock)
    body = json.dumps({"objects": odd}, ensure_ascii=True)
    answer = world.client().post(f"{PROPOSALS}objects/", content=body, headers={"content-type": TAXII})
    assert (answer.status_code, answer.json()["failure_count"]) == (202, 3)
    rules = world.offers.gate.rules
    world.offers.gate.rules = (Rule("slips", lambda *_: {}["nobody foresaw this"]), *rules)
    answer = world.client().post(f"{PROPOSALS}objects/", content=body, headers={"content-type": TAXII})
    assert {one["message"].partition(":")[0] for one in answer.json()["failures"]} == {"set_aside", "gate_shut"}
    world.offers.gate.rules = rules
    answer = world.client("cert-syd").post(f"{PROPOSALS}objects/", content=body, headers={"content-type": TAXII})
    assert "gate_shut" not in answer.text
    world.release("a.example.com")
    rules = world.exchange.gate.rules
    world.exchange.gate.rules = (Rule("slips", lambda *_: {}["nobody foresaw this"]), *rules)
    answer = world.client().get(f"{RELEASED}objects/")
    assert (answer.status_code, answer.json().get("objects", [])) == (200, [])
    world.exchange.gate.rules = rules
    assert world.client("cert-syd").get(f"{RELEASED}objects/").json()["objects"]
