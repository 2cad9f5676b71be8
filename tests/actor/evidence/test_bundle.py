"""An export: nothing personal in any file unless it was asked for; the manifest fits; the same bytes each time."""

import csv
import hashlib
import io
import json
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from bavn.actor.evidence.bundle import Bundle, Sheet, archive
from bavn.actor.formats.pcap import Packet

from .conftest import AT_US, SECRET, frame

NUMBER = "010170-1234"
ROW = ("2026-11-24T10:00:00Z", "10.0.0.5", f"/a?cpr={NUMBER}", NUMBER, 7)


def bundle(**other) -> Bundle:
    plain = {
        "suspicion": {"id": "a1" * 16, "why": f"Calls for {NUMBER}.", "p": 0.01},
        "sheets": [Sheet("rows", "http", ("ts", "src", "url", "user_agent", "status"), [ROW], False)],
        "packets": [Packet(AT_US, 1, frame(), 200)],
        "unredacted": False,
        "headers_only": False,
        "said": {"by": "anna", "query": {"equals": [["host", NUMBER]]}, "suspicion": "a1" * 16},
    }
    return Bundle(**plain | other)


def opened(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def test_a_bundle_is_redacted_unless_asked_with_the_sum_of_every_file() -> None:
    files = opened(archive(bundle()))
    assert set(files) == {
        "README.txt",
        "manifest.json",
        "suspicion.json",
        "rows/http.csv",
        "rows/http.ndjson",
        "packets.pcap",
    }
    for name, data in files.items():
        assert NUMBER.encode() not in data, name
        assert SECRET not in data, name
    manifest = json.loads(files["manifest.json"])
    assert manifest["redacted"] is True
    assert manifest["packets"] == "1, headers only"
    assert manifest["suspicion"] == json.loads(files["suspicion.json"])["id"] == "a1" * 16
    files = opened(archive(bundle(unredacted=True)))
    assert json.loads(files["rows/http.ndjson"]) == dict(
        zip(("ts", "src", "url", "user_agent", "status"), ROW, strict=True)
    )
    assert SECRET in files["packets.pcap"]
    assert SECRET not in opened(archive(bundle(unredacted=True, headers_only=True)))["packets.pcap"]
    raw = archive(bundle())
    assert raw == archive(bundle())
    files = opened(raw)
    sums = json.loads(files.pop("manifest.json"))["files"]
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    files = opened(archive(bundle(packets=None)))
    assert "packets.pcap" not in files
    assert json.loads(files["manifest.json"])["packets"] == "not asked for"
    assert json.loads(opened(archive(bundle(packets=[])))["manifest.json"])["packets"] == "none are kept"


@given(st.text(max_size=20))
def test_no_cell_is_a_formula_to_a_spreadsheet(said) -> None:
    sheet = Sheet("rows", "http", ("ts", "user_agent"), [("t", said)], False)
    files = opened(archive(bundle(sheets=[sheet], unredacted=True)))
    (_, row) = csv.reader(io.StringIO(files["rows/http.csv"].decode("utf-8", "surrogatepass"), newline=""))
    assert not row[1].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert json.loads(files["rows/http.ndjson"].decode("utf-8", "surrogatepass"))["user_agent"] == said
