"""Content for SIEMs holds together, and names no field, kind or action that Bavn does not tell."""

import configparser
import json
import re
from xml.etree import ElementTree as ET

import pytest

from bavn.app.siem.event import KINDS
from bavn.app.siem.forms import cef, ecs
from bavn.app.siem.transports.sentinel import COLUMNS
from tests.app.siem.made import EVERY
from tests.app.siem.test_forms import flat
from tests.conftest import ROOT

FOLDER = ROOT / "packaging/siem"
ECS = {name for event, teller in EVERY for name, _ in flat(ecs.document(event, teller))}
ACTIONS = {event.action for event, _ in EVERY}
DATASETS = {f"bavn.{kind}" for kind in KINDS}
_DOTTED = re.compile(r"\b[a-z@][a-z_]*(?:\.[a-z0-9_]+)+\b")


def named(text):
    return set(_DOTTED.findall(text)) - DATASETS


def saved_objects():
    return [json.loads(line) for line in (FOLDER / "opensearch-dashboard.ndjson").read_text().splitlines()]


def queries(objects):
    for one in objects:
        source = one["attributes"].get("kibanaSavedObjectMeta", {}).get("searchSourceJSON")
        if source:
            yield json.loads(source)["query"]["query"]


def test_the_dashboard_refers_only_to_what_it_holds_and_what_is_told() -> None:
    objects = saved_objects()
    ids = {(one["type"], one["id"]) for one in objects}
    for one in objects:
        assert {(at["type"], at["id"]) for at in one["references"]} <= ids
    fields = {name for query in queries(objects) for name in named(query)}
    for one in objects:
        if one["type"] == "visualization":
            aggs = json.loads(one["attributes"]["visState"])["aggs"]
            fields |= {agg["params"]["field"] for agg in aggs if "field" in agg["params"]}
        fields |= set(one["attributes"].get("columns", ()))
    assert fields
    assert fields <= ECS
    panels = json.loads(next(one for one in objects if one["type"] == "dashboard")["attributes"]["panelsJSON"])
    board = next(one for one in objects if one["type"] == "dashboard")
    assert {panel["panelRefName"] for panel in panels} == {at["name"] for at in board["references"]}


def typed(properties, above=""):
    for name, entry in properties.items():
        if "properties" in entry:
            yield from typed(entry["properties"], f"{above}{name}.")
        else:
            yield above + name


def test_the_template_types_only_what_is_told() -> None:
    template = json.loads((FOLDER / "opensearch-template.json").read_text())
    assert set(typed(template["template"]["mappings"]["properties"])) <= ECS


def conf(name):
    parser = configparser.RawConfigParser(delimiters=("=",), strict=True)
    parser.optionxform = str
    parser.read_string((FOLDER / "splunk" / name).read_text())
    return parser


def test_splunks_searches_name_only_what_is_told() -> None:
    searches = conf("savedsearches.conf")
    assert searches.sections()
    for section in searches.sections():
        fields = named(searches[section]["search"])
        assert fields <= ECS | ACTIONS, section
        assert set(re.findall(r'state="([^"]+)"', searches[section]["search"])) <= ACTIONS
        assert set(re.findall(r'event\.dataset="([^"]+)"', searches[section]["search"])) <= DATASETS


def test_splunk_reads_cef_as_it_is_written() -> None:
    transforms, props = conf("transforms.conf"), conf("props.conf")
    assert set(props.sections()) == {"bavn:ecs", "bavn:cef"}
    assert {one.strip() for one in props["bavn:cef"]["REPORT-bavn_cef"].split(",")} == set(transforms.sections())
    aliases = [value for name, value in props["bavn:ecs"].items() if name.startswith("FIELDALIAS")]
    assert {value.split(" AS ")[0] for value in aliases} <= ECS
    head = re.compile(transforms["bavn_cef_head"]["REGEX"])
    pairs = re.compile(transforms["bavn_cef_pairs"]["REGEX"])
    for event, teller in EVERY:
        line = cef.line(event, teller)
        found = head.match(line)
        assert found
        assert found.group(3, 4, 6) == (event.kind, event.action, str(event.severity))
        assert dict(pairs.findall(line[found.end() - 1 :]))["externalId"] == event.id


def test_sentinels_queries_name_only_what_is_told() -> None:
    text = (FOLDER / "sentinel.kql").read_text()
    parts = text.split("\n\n")
    assert all(part.startswith("// Bavn: ") and "\nBavn_CL\n" in part for part in parts)
    fields = {name.removeprefix("Event.") for name in re.findall(r"\bEvent\.[a-z_.0-9]+", text)}
    assert fields
    assert fields <= ECS
    assert set(re.findall(r'Kind == "([^"]+)"', text)) <= set(KINDS)
    assert set(re.findall(r'Action == "([^"]+)"', text)) <= ACTIONS
    assert {"TimeGenerated", "Kind", "Action", "Event"} <= set(COLUMNS)


def decoded(line):
    """As Wazuh does: the parent's prematch, then each sibling's expression."""
    tree = ET.fromstring(f"<all>{(FOLDER / 'wazuh/bavn_decoders.xml').read_text()}</all>")
    parent, *siblings = tree.findall("decoder")
    begun = re.search(parent.findtext("prematch"), line)
    assert begun
    fields = {}
    for one in siblings:
        assert one.findtext("parent") == parent.get("name")
        expression = one.find("regex")
        rest = line[begun.end() :] if expression.get("offset") == "after_parent" else line
        found = re.search(expression.text, rest)
        names = [name.strip() for name in one.findtext("order").split(",")]
        if found:
            assert len(found.groups()) == len(names)
            fields |= dict(zip(names, found.groups(), strict=True))
    return fields


@pytest.mark.parametrize(("event", "teller"), EVERY, ids=lambda one: getattr(one, "action", None))
def test_wazuhs_decoder_reads_every_event(event, teller) -> None:
    fields = decoded("Nov 30 02:00:00 node bavn: " + cef.line(event, teller))
    assert (fields["bavn.kind"], fields["bavn.action"]) == (event.kind, event.action)
    assert (fields["id"], fields["bavn.severity"]) == (event.id, str(event.severity))
    assert fields.get("srcip", "") == event.host_address
    assert fields.get("bavn.technique", "") == event.technique


def test_wazuhs_rules_ask_only_for_what_is_decoded_and_told() -> None:
    rules = ET.parse(FOLDER / "wazuh/bavn_rules.xml").getroot().findall("rule")
    decoders = (FOLDER / "wazuh/bavn_decoders.xml").read_text()
    known = {name.strip() for order in re.findall(r"<order>(.*)</order>", decoders) for name in order.split(",")}
    ids = [rule.get("id") for rule in rules]
    assert len(set(ids)) == len(ids)
    assert all(100_700 <= int(id_) < 100_710 for id_ in ids)
    values = {"bavn.kind": set(KINDS), "bavn.action": ACTIONS, "bavn.severity": set(map(str, range(11)))}
    for rule in rules:
        for field in rule.findall("field"):
            assert field.get("name") in known
            assert any(re.fullmatch(field.text, value) for value in values[field.get("name")])
        assert set(re.findall(r"\$\(([^)]+)\)", rule.findtext("description"))) <= known
        assert rule.findtext("if_sid") in (None, *ids)
