"""Each form of each event holds to its schema: CEF by other people's parser, ECS by a list of its fields."""

import json
import subprocess

import pytest

from bavn.app.siem.event import FACTS, KINDS
from bavn.app.siem.forms import FORMS, cef, ecs
from tests.app.siem.made import EVERY, HOSTILE, INDICATOR

ECS_FIELDS = {
    str: """@timestamp message ecs.version event.id event.kind event.action event.module event.dataset event.outcome
        event.reason event.start event.end organization.name observer.vendor observer.product observer.type
        observer.version user.name rule.name threat.framework threat.indicator.type threat.indicator.name
        threat.indicator.ip threat.indicator.url.domain threat.indicator.file.hash.sha256 source.address source.ip
        host.name destination.ip destination.domain destination.address""",
    list: """event.category event.type threat.technique.id threat.indicator.id related.ip related.hosts related.hash""",
    int: """event.severity threat.indicator.sightings""",
}
"""Of ECS 8.17's field reference, those that are told, by the JSON type that each has (keyword, ip and date: text)."""
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
        assert name.startswith("bavn.") or name in ECS_FIELDS[type(value)].split(), (name, value)
    assert fields["event.kind"] in KINDS_OF_EVENT
    assert set(fields["event.type"]) <= EXPECTED_TYPES[fields["event.category"][0]]
    assert fields["event.outcome"] in {"success", "failure", "unknown"}
    assert fields.get("threat.indicator.type", "file") in INDICATOR_TYPES
    json.dumps(fields)


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


def test_every_kind_is_told_in_every_form_and_what_strangers_wrote_cannot_end_a_line_or_begin_a_field() -> None:
    told = {event.kind for event, _ in EVERY}
    assert told == set(KINDS) == set(ecs.CATEGORIES)
    assert set(FORMS) == {"ecs", "cef"}
    for event, teller in EVERY:
        line = cef.line(event, teller)
        assert "\n" not in line
        assert line.isprintable()
        assert "a|b\\c=d" not in line
    refused = next(cef.line(event, teller) for event, teller in EVERY if event.action == "refused")
    assert "reason=a|b\\\\c\\=d" in refused
    assert HOSTILE.count("\n") == 2
