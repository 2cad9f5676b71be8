"""Content for SIEMs holds together, and names no field, kind or action that Bavn does not tell."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from bavn.app.siem.event import KINDS
from bavn.app.siem.forms import cef, ecs
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


def test_dashboard_template_and_rules_ask_only_for_what_is_told() -> None:
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
    template = json.loads((FOLDER / "opensearch-template.json").read_text())
    assert set(typed(template["template"]["mappings"]["properties"])) <= ECS
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


def typed(properties, above=""):
    for name, entry in properties.items():
        if "properties" in entry:
            yield from typed(entry["properties"], f"{above}{name}.")
        else:
            yield above + name


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
