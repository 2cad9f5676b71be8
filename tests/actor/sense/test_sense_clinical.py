"""DICOM and HL7 out of packets: what real stacks say, in any cut, and whatever else comes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_kex import packets, rows
from making_ward import acknowledgement, admission, archive, association, find, query
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom.sop_class import CTImageStorage, PatientRootQueryRetrieveInformationModelMove
from test_sense_kex_more import ETHERNET, ip4, pcap

from bavn.actor.sense.handshakes.capture import read_capture
from bavn.actor.sense.handshakes.dicom import Association, DicomMalformed
from bavn.actor.sense.handshakes.hl7 import Hl7Connection
from bavn.model.record import TABLES

TOLD = ("service", "operation", "calling", "called", "destination", "requests", "wide", "accepted")


def told(taken):
    return [tuple(row.get(key) for key in TOLD) for row in taken.rows]


@pytest.fixture(scope="module")
def sweep():
    """Thirty questions after patients by number, two after everybody, and a move to somebody else."""
    with archive() as relay:
        made = association(relay.port)
        for number in range(30):
            find(made, PatientID=str(number))
        find(made)
        find(made, PatientName="*")
        list(made.send_c_move(query(PatientID="7"), "ELSEWHERE", PatientRootQueryRetrieveInformationModelMove))
        made.release()
    return relay.flights


@pytest.mark.parametrize("size", [1, 7, 1400, 60_000])
def test_what_a_station_asks_an_archive_is_counted_in_any_cut(sweep, size):
    taken = rows(packets(sweep, size))
    assert (taken.refused, taken.passed) == ([], 0)
    assert told(taken) == [
        ("dicom", "C-FIND", "WORKSTATION", "PACS", None, 32, 2, True),
        ("dicom", "C-MOVE", "WORKSTATION", "PACS", "ELSEWHERE", 1, 0, True),
    ]


def test_what_is_asked_of_an_archive_is_counted_and_no_value_kept_in_both_records(sweep, tmp_path):
    assert not {"A^B", "29", "7"} & {str(value) for row in rows(packets(sweep)).rows for value in row.values()}
    file = tmp_path / "ward.pcap"
    file.write_bytes(pcap([(1_700_000_000_000_000 + p.ts_us, ETHERNET + ip4(p)) for p in packets(sweep)]))
    parsed = read_capture(file, "s")
    assert (parsed.lines, parsed.refused) == (2, 0)
    table = parsed.tables["clinical"]
    assert table.schema.names == [column.name for column in TABLES["clinical"]]
    assert [row["operation"] for row in table.to_pylist()] == ["C-FIND", "C-MOVE"]


@pytest.mark.slow
def test_an_image_is_one_request_and_answers_beyond_what_is_held_do_not_end_the_count():
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, "1.2.3"
    image.PatientID, image.BitsAllocated, image.PixelData = "1", 16, bytes(200_000)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with archive() as relay:
        made = association(relay.port, calling="CT1")
        assert made.send_c_store(image).Status == 0
        made.release()
    assert told(rows(packets(relay.flights))) == [("dicom", "C-STORE", "CT1", "PACS", None, 1, 0, True)]
    with archive() as relay:
        made = association(relay.port)
        for number in range(180):
            find(made, PatientID=str(number))
        made.release()
    answered = [(by_client, data if by_client else data * 4) for by_client, data in relay.flights]
    ((_, operation, *_, requests, _, _),) = told(rows(packets(answered)))
    assert (operation, requests) == ("C-FIND", 180)


@pytest.mark.slow
def test_an_association_that_is_refused_asks_nothing_or_was_open_before_has_its_row():
    with archive() as relay:
        association(relay.port).release()
    assert told(rows(packets(relay.flights))) == [("dicom", None, "WORKSTATION", "PACS", None, 0, 0, True)]
    request = b"".join(data for by_client, data in relay.flights[:1] if by_client)
    refused = [(True, request), (False, bytes.fromhex("03000000000400010107"))]
    assert told(rows(packets(refused))) == [("dicom", None, "WORKSTATION", "PACS", None, 0, 0, False)]
    with archive() as relay:
        made = association(relay.port)
        find(made, PatientID="1")
        made.release()
    assert told(rows(packets(relay.flights, syn=False))) == [
        ("dicom", "C-FIND", "WORKSTATION", "PACS", None, 1, 0, True)
    ]


def test_messages_of_hl7_are_counted_by_type_also_on_a_connection_that_was_open_before():
    said = [(True, admission() * 3), (False, acknowledgement()), (True, admission().replace(b"A01", b"A08"))]
    expected = [("hl7", "ADT^A01", "ADT@HOSPITAL", "EPJ@REGION", None, 3, 0, True)]
    assert told(rows(packets(said)))[:1] == expected
    assert sum(row["requests"] for row in rows(packets(said, 3)).rows) == 4
    said = [(False, acknowledgement()), (True, admission())]
    ((service, operation, calling, *_),) = told(rows(packets(said, syn=False)))
    assert (service, operation, calling) == ("hl7", "ADT^A01", "ADT@HOSPITAL")
    head = bytes.fromhex("0100000000d0")
    assert told(rows(packets([(True, head + bytes(0xD0))]))) == []
    (_, reason), *_ = rows(packets([(True, head + bytes(0xD0))])).refused
    assert "another protocol version" in reason.en


@pytest.mark.data
@pytest.mark.parametrize("service", ["dicom", "HL7"])
def test_real_captures_of_the_ward_give_rows(data, service):
    files = sorted((Path(data) / "captures/pcap/benign/medical").glob(f"*{service}*"))
    assert files
    for file in files:
        (row, *_) = read_capture(file, "s").tables["clinical"].to_pylist()
        assert row["service"] == service.lower(), file.name
        assert row["calling"]


@given(st.data())
@settings(deadline=None)
def test_bytes_of_a_real_association_changed_anywhere_are_read_or_refused(sweep, data):
    client = bytearray(b"".join(said for by_client, said in sweep if by_client))
    for _ in range(data.draw(st.integers(1, 12))):
        client[data.draw(st.integers(0, len(client) - 1))] = data.draw(st.integers(0, 255))
    association_read = Association()
    try:
        association_read.from_client(client)
    except DicomMalformed as error:
        assert str(error)
    assert sum(association_read.requests.values()) <= 40
    taken = rows(packets([(True, bytes(client))]))
    assert bool(taken.rows) + bool(taken.refused) + taken.passed <= 2


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_an_hl7_connection_or_none(raw):
    connection = Hl7Connection()
    connection.from_client(bytearray(b"\x0bMSH" + raw))
    assert sum(connection.messages.values()) <= 1 + raw.count(b"\x0bMSH")
    assert all(text.isprintable() for text in (connection.sender, connection.receiver, *connection.messages))
