"""The ward: what neighbours had long done speaks for a machine, and what many devices begin together is one story."""

import pytest

DAYS = list(range(12))
ARCHIVE, ENGINE, SUPPLIER = "10.0.1.30", "10.0.1.40", "45.9.150.9"


def asked(sources, days, requests=2, **more):
    columns = {"service": "dicom", "operation": "C-FIND", "requests": requests, "wide": 0, "accepted": True}
    return _rows("clinical", sources, ARCHIVE, 11112, days, columns | more)


def sent(sources, days, requests=5):
    columns = {"service": "hl7", "operation": "ADT^A08", "requests": requests, "wide": 0, "accepted": True}
    return _rows("clinical", sources, ENGINE, 2575, days, columns)


def called(source, day):
    return _rows("flow", [source], SUPPLIER, 443, [day], {})


def _rows(table, sources, target, port, days, columns):
    made = {"table": table, "sources": list(sources), "targets": [target], "port": port, "days": days, "every_s": 60}
    return made | {"from_h": 9, "set": columns}


def found(made, *streams):
    case = made.Case("ward", "hit-x", {"hours": 288, "rows": list(streams)})
    return made.run(case).suspicions


STATIONS = [f"10.0.7.{n}" for n in range(1, 9)]
SENDERS = ["10.0.1.41", "10.0.1.42", "10.0.1.43"]


def test_devices_beside_devices_are_told_as_one_story_with_what_speaks_for_it(made) -> None:
    usual = [asked(STATIONS, DAYS), sent(SENDERS, DAYS)]
    (beside,) = found(made, *usual, sent(["10.0.1.44"], [11]))
    (elsewhere,) = found(made, *usual, sent(["10.0.9.44"], [11]))
    assert beside.p >= 0.2
    assert "in its part of the network have long sent" in beside.against.en
    assert elsewhere.p <= 0.003
    assert "in its part of the network" not in elsewhere.against.en
    (seen,) = found(made, sent([SENDERS[0]], DAYS), sent(["10.0.9.1", "10.0.9.2"], DAYS[:3]), sent(["10.0.9.3"], [11]))
    assert seen.p <= 0.003
    one = found(made, asked(STATIONS, DAYS), called("10.0.7.3", 9))
    two = found(made, asked(STATIONS, DAYS), called("10.0.7.3", 9), called("10.0.7.5", 11))
    assert [(s.id, s.host, s.hosts) for s in one] == [(one[0].id, "10.0.7.3", 1)]
    assert [(s.id, s.host, s.hosts) for s in two] == [(one[0].id, "10.0.7.3", 2)]
    assert "1 more device did so later" in two[0].why.en


@pytest.mark.parametrize(("requests", "explained"), [(10, True), (11, False)])
def test_neighbours_speak_for_what_is_at_most_twice_theirs(made, requests, explained) -> None:
    (seen,) = found(made, sent(SENDERS, DAYS), sent(["10.0.1.44"], [11], requests))
    assert (seen.p >= 0.2) is explained


@pytest.mark.parametrize(("name", "famous"), [("up.wellknown3.com", True), ("up.nobody-knows.com", False)])
def test_whoever_the_world_calls_speaks_for_the_device_that_calls_it(made, name, famous) -> None:
    greeted = _rows("tls", ["10.0.7.3"], SUPPLIER, 443, [11], {"sni": name})
    (seen,) = found(made, asked(STATIONS, DAYS), greeted)
    assert (seen.p >= 0.2) is famous
    assert ("popular or harmless" in seen.against.en) is famous
