"""Each form of each event holds to its schema: OCSF by the schema itself, CEF by other people's parser, ECS by its own
list of fields and values."""

import json
import subprocess

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from bavn.app.siem.event import FACTS, KINDS
from bavn.app.siem.forms import FORMS, cef, ecs, ocsf
from tests.app.siem.made import EVERY, HOSTILE, INDICATOR

ECS_FIELDS = {
    "@timestamp": str,
    "message": str,
    "ecs.version": str,
    "event.id": str,
    "event.kind": str,
    "event.category": list,
    "event.type": list,
    "event.action": str,
    "event.module": str,
    "event.dataset": str,
    "event.severity": int,
    "event.outcome": str,
    "event.reason": str,
    "event.start": str,
    "event.end": str,
    "organization.name": str,
    "observer.vendor": str,
    "observer.product": str,
    "observer.type": str,
    "observer.version": str,
    "user.name": str,
    "rule.name": str,
    "threat.framework": str,
    "threat.technique.id": list,
    "threat.indicator.id": list,
    "threat.indicator.type": str,
    "threat.indicator.name": str,
    "threat.indicator.ip": str,
    "threat.indicator.url.domain": str,
    "threat.indicator.file.hash.sha256": str,
    "threat.indicator.sightings": int,
    "source.address": str,
    "source.ip": str,
    "host.name": str,
    "destination.ip": str,
    "destination.domain": str,
    "destination.address": str,
    "related.ip": list,
    "related.hosts": list,
    "related.hash": list,
}
"""Of ECS 8.17's field reference, those that are told, with the JSON type that each has (keyword, ip and date: text)."""
KINDS_OF_EVENT = {"alert", "event", "state", "enrichment", "metric", "signal"}
EXPECTED_TYPES = {
    "intrusion_detection": {"allowed", "denied", "info"},
    "threat": {"indicator"},
    "network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
    "host": {"access", "change", "end", "info", "start"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
}
"""ECS' expected event types of each category that is told."""
INDICATOR_TYPES = {"ipv4-addr", "ipv6-addr", "domain-name", "file", "x509-certificate", "network-traffic"}


def flat(document, above=""):
    for name, value in document.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield above + name, value


@pytest.mark.parametrize(("event", "teller"), EVERY, ids=lambda one: getattr(one, "action", None))
def test_ecs_holds_only_fields_and_values_that_ecs_has(event, teller) -> None:
    fields = dict(flat(ecs.document(event, teller)))
    own = {name.removeprefix("bavn.") for name in fields if name.startswith("bavn.")}
    assert own <= set(FACTS)
    for name, value in fields.items():
        assert name.startswith("bavn.") or type(value) is ECS_FIELDS[name], (name, value)
    assert fields["event.kind"] in KINDS_OF_EVENT
    assert set(fields["event.type"]) <= EXPECTED_TYPES[fields["event.category"][0]]
    assert fields["event.outcome"] in {"success", "failure", "unknown"}
    assert fields.get("threat.indicator.type", "file") in INDICATOR_TYPES
    json.dumps(fields)


_OCSF = OcsfJsonSchemaEmbedded(get_ocsf_schema(ocsf.VERSION))


def faults(document):
    schema = _OCSF.get_class_schema(_OCSF.lookup_class_name_from_uid(document["class_uid"]))
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


@pytest.mark.parametrize(("event", "teller"), EVERY, ids=lambda one: getattr(one, "action", None))
def test_ocsf_is_valid_by_the_schema_itself(event, teller) -> None:
    document = json.loads(json.dumps(ocsf.document(event, teller)))
    assert faults(document) == []
    assert document["type_uid"] == document["class_uid"] * 100 + document["activity_id"]


def test_the_schema_would_say_what_is_wrong() -> None:
    event, teller = EVERY[0]
    document = ocsf.document(event, teller)
    assert faults(document | {"no_such_field": 1})
    assert faults({name: value for name, value in document.items() if name != "finding_info"})


def normalized(lines, folder):
    """What liblognorm's own reader of CEF makes of each line."""
    rules = folder / "rules"
    rules.write_text("version=2\nrule=:%cef:cef%\n")
    done = subprocess.run(
        ["lognormalizer", "-r", str(rules), "-e", "json"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.lognormalizer
def test_cef_is_read_by_other_peoples_parser(tmp_path) -> None:
    lines = [cef.line(event, teller) for event, teller in EVERY]
    read = normalized(lines, tmp_path)
    assert len(read) == len(lines)
    for (event, teller), said in zip(EVERY, read, strict=True):
        assert "unparsed-data" not in said, said
        fields = said["cef"]
        assert (fields["DeviceVendor"], fields["DeviceVersion"]) == ("Bavn", teller.version)
        assert fields["SignatureID"] == f"{event.kind}:{event.action}"
        assert fields["Extensions"]["externalId"] == event.id
        assert fields["Extensions"]["t"] == str(event.at_us // 1000)  # liblognorm loses the first letter of all
        if event.indicator:
            assert fields["Extensions"]["cs1"] == INDICATOR


def test_what_strangers_wrote_cannot_end_a_line_or_begin_a_field() -> None:
    for event, teller in EVERY:
        line = cef.line(event, teller)
        assert "\n" not in line
        assert line.isprintable()
        assert "a|b\\c=d" not in line
    refused = next(cef.line(event, teller) for event, teller in EVERY if event.action == "refused")
    assert "reason=a|b\\\\c\\=d" in refused
    assert HOSTILE.count("\n") == 2


def test_every_kind_is_told_in_every_form() -> None:
    told = {event.kind for event, _ in EVERY}
    assert told == set(KINDS) == set(ecs.CATEGORIES) == set(ocsf.CLASSES)
    assert set(FORMS) == {"ecs", "ocsf", "cef"}
