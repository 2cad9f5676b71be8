"""`bavn node assets`, `bavn node cbom` and `bavn analyse --assets` as a person at the command line has them."""

import csv
import gzip
import io
import json
import sys

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import ARROW
from bavn.app.cli import main
from bavn.app.cli.node.assets import write_cbom
from bavn.app.cli.node.main import app
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import HOUR_US
from bavn.model.record import TABLES, address_uuid

HOUR = 494_000
PACS, CT = "10.0.0.5", "10.0.0.9"


def table(name, rows):
    columns = {}
    for column in TABLES[name]:
        values = [row.get(column.name) for row in rows]
        if column.type == "UUID":
            raw = pa.array([v and address_uuid(v).bytes for v in values], pa.binary(16))
            columns[column.name] = pa.ExtensionArray.from_storage(pa.uuid(), raw)
        else:
            columns[column.name] = pa.array(values).cast(ARROW[column.type])
    return pa.table(columns)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "node.toml"
    file.write_text('[node]\nactor = "north"\n')
    call = {
        "ts": HOUR * HOUR_US,
        "sensor": "s",
        "src": CT,
        "dst": PACS,
        "src_port": 4000,
        "dst_port": 104,
        "proto": "tcp",
        "flow_id": 1,
    }
    counted = {
        "ts_end": HOUR * HOUR_US,
        "bytes_toserver": 9,
        "bytes_toclient": 9,
        "pkts_toserver": 1,
        "pkts_toclient": 1,
        "failed": False,
    }
    late = {"ts": (HOUR + 240) * HOUR_US, "ts_end": (HOUR + 240) * HOUR_US, "src": "10.0.0.7", "dst_port": 2762}
    hello = {
        "dst_port": 443,
        "protocol": "tls",
        "version": "TLS 1.3",
        "negotiated_group": "X25519MLKEM768",
        "name": "pacs.local",
    }
    lease = {"src": "0.0.0.0", "dst": "255.255.255.255", "assigned": CT, "hostname": "=cmd|'/c calc'!A1", "mac": "x"}
    with ColumnStore.open(tmp_path / "data/store") as store:
        store.append(
            "a",
            "1",
            {
                "flow": table("flow", [call | counted, call | counted | late]),
                "kex": table("kex", [call | hello]),
                "dhcp": table("dhcp", [call | lease]),
            },
        )
        store.tidy()
    return file


def run(config, *words):
    return CliRunner().invoke(app, [*words, "--config", str(config)])


def test_hosts_as_a_table_and_as_json(config):
    shown = run(config, "assets", "--language", "da")
    assert shown.exit_code == 0
    assert "PACS eller anden DICOM-modtager" in shown.stdout
    lines = [json.loads(line) for line in run(config, "assets", "--json").stdout.splitlines()]
    assert [line["host"] for line in lines] == [PACS, "10.0.0.7", CT]
    assert lines[0]["role"] == [{"value": "dicom server", "confidence": 0.7}]
    hint = lines[0]["hints"][0]
    assert (hint["table"], hint["seen"], hint["reason"]) == ("flow", "104", "1 client was answered on tcp/104")


def test_a_spreadsheet_runs_nothing_a_host_calls_itself(config):
    rows = list(csv.DictReader(io.StringIO(run(config, "assets", "--csv").stdout)))
    assert {row["host"]: row["name"] for row in rows}[CT] == "'=cmd|'/c calc'!A1"


def test_only_some_of_them(config):
    def hosts(*words):
        return [json.loads(line)["host"] for line in run(config, "assets", "--json", *words).stdout.splitlines()]

    assert hosts("--role", "dicom client") == ["10.0.0.7", CT]
    assert hosts("--new", "3") == ["10.0.0.7"]
    assert "no own host" in run(config, "assets", "--role", "hypervisor").stdout
    wrong = run(config, "assets", "--role", "sorcerer")
    assert isinstance(wrong.exception, Stop)
    assert wrong.exception.code is Exit.USAGE


def test_one_host_s_card(config):
    card = json.loads(run(config, "assets", "--host", PACS, "--json").stdout)
    assert (card["tls"][0]["standing"], card["suspicions"], card["services"][0]["port"]) == ("negotiated", [], 104)
    assert "X25519MLKEM768 (negotiated) x1" in run(config, "assets", "--host", PACS).stdout
    for words, code in ((("--host", "10.9.9.9"), Exit.NOT_FOUND), (("--host", "pacs"), Exit.USAGE)):
        done = run(config, "assets", *words)
        assert isinstance(done.exception, Stop)
        assert done.exception.code is code


def test_the_crypto_map_and_its_bill(config, tmp_path):
    shown = run(config, "cbom")
    assert "inside" in shown.stdout
    assert "100%" in shown.stdout
    ways = [json.loads(line) for line in run(config, "cbom", "--json").stdout.splitlines()]
    assert [(line.get("direction"), line.get("peer"), line["share"]) for line in ways] == [
        ("inside", None, 1.0),
        (None, f"{PACS}:443", 1.0),
    ]
    full, bare = tmp_path / "full.json", tmp_path / "bare.json"
    assert run(config, "cbom", "--out", str(full)).exit_code == 0
    assert run(config, "cbom", "--out", str(bare), "--redacted").exit_code == 0
    assert PACS in full.read_text()
    assert PACS not in bare.read_text()
    nowhere = run(config, "cbom", "--out", str(tmp_path / "no" / "where"))
    assert isinstance(nowhere.exception, Stop)
    assert nowhere.exception.code is Exit.USAGE


def test_before_a_node_has_run(tmp_path):
    (tmp_path / "node.toml").write_text('[node]\nactor = "north"\n')
    for command in ("assets", "cbom"):
        done = run(tmp_path / "node.toml", command)
        assert isinstance(done.exception, Stop)
        assert done.exception.code is Exit.NOT_FOUND


@pytest.mark.slow
def test_analyse_shows_the_hosts_of_what_it_is_given(tmp_path, monkeypatch, capsys):
    head = ["#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tconn_state\tresp_bytes"]
    line = f"1713484800.4\tC1\t{CT}\t4000\t{PACS}\t11112\ttcp\t-\tSF\t900"
    file = tmp_path / "conn.log.gz"
    file.write_bytes(gzip.compress("\n".join(["#separator \\x09", "#path\tconn", *head, line, ""]).encode()))
    monkeypatch.setattr(sys, "argv", ["bavn", "analyse", "--assets", "--json", str(file)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    lines = [json.loads(said) for said in capsys.readouterr().out.splitlines()]
    assert ended.value.code == 0
    assert {said["host"]: said["role"][0]["value"] for said in lines} == {PACS: "dicom server", CT: "dicom client"}
    assert {said["source"] for said in lines} == {str(file)}


@pytest.mark.parametrize(
    ("uses", "said"),
    [
        (0, "no key exchange in it: no beginning of a TLS, QUIC or SSH connection was seen"),
        (1, "1 kind of key exchange"),
        (2, "2 kinds of key exchange"),
    ],
)
def test_one_kind_of_key_exchange_is_one_kind(tmp_path, monkeypatch, capsys, uses, said):
    monkeypatch.setattr("bavn.actor.assets.cbom.cbom", lambda *_, **__: "{}")
    write_cbom(tmp_path / "out.json", (None,) * uses, actor="a", at_us=0, language="en")
    assert capsys.readouterr().err == f"{tmp_path / 'out.json'}: {said}\n"
