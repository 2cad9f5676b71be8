"""`bavn analyse` as an analyst meets it: real files in, suspicions with reasons and a true exit code out."""

import errno
import gzip
import json
import os
import re
import socket
import struct
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bavn.actor.detect import run as run_of_detectors
from bavn.actor.detect.detectors.dga import Dga
from bavn.actor.detect.indicators.lists import NO_LISTS
from bavn.actor.detect.run import survey
from bavn.actor.formats.gzipped import LogFile
from bavn.actor.sense import recognise
from bavn.actor.sense.strangers import ADVICE
from bavn.app.cli.history import analyse
from bavn.app.process.exits import Exit, Stop

FACTS = {"detector", "technique", "p", "evidence_nats", "host", "peer", "first", "last", "why", "source"}


UNKNOWN = (
    "is neither a packet capture, nor EVE, nor a log of Zeek's or of another known program, nor are there documents of"
    " the network in it (docs/sources.md says what is read)"
)


@pytest.fixture(autouse=True)
def small_lists(monkeypatch) -> None:
    """The world's fame is not what is tested here: the million names stay on the disk."""
    monkeypatch.setitem(survey.__kwdefaults__, "known", lambda: NO_LISTS)


def run(*arguments: object) -> tuple[int, list[dict], str, str]:
    """Exit code, JSON lines (with --json), standard output and error."""
    app = typer.Typer()
    app.command()(analyse.analyse)
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    code = int(done.exception.code) if isinstance(done.exception, Stop) else done.exit_code
    if done.exception and not isinstance(done.exception, Stop | SystemExit):
        raise done.exception
    lines = [json.loads(line) for line in done.stdout.splitlines()] if "--json" in arguments else []
    return code, lines, done.stdout, done.stderr


def flow(second: float, source: str, target: str, port: int, *, answered: bool = True) -> dict:
    moment = f"1970-01-01T{int(second // 3600):02}:{int(second // 60 % 60):02}:{second % 60:09.6f}+0000"
    return {
        "timestamp": moment,
        "flow_id": int(second * 10) + port,
        "event_type": "flow",
        "src_ip": source,
        "src_port": 50000,
        "dest_ip": target,
        "dest_port": port,
        "proto": "TCP",
        "flow": {
            "pkts_toserver": 4,
            "pkts_toclient": 4 * answered,
            "bytes_toserver": 400,
            "bytes_toclient": 400 * answered,
            "start": moment,
            "end": moment,
            "state": "closed",
            "reason": "x",
        },
        "tcp": {"tcp_flags_ts": "1b" if answered else "02", "tcp_flags_tc": "1b" if answered else "00"},
    }


def capture(packets: int) -> bytes:
    """A pcap of so many DNS queries in Ethernet frames."""
    query = bytes.fromhex("1234010000010000000000000475646279036e65740000010001")
    udp = struct.pack(">HHHH", 50000, 53, 8 + len(query), 0) + query
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + bytes([10, 1, 0, 7, 10, 1, 0, 53]) + udp
    frame = bytes(12) + b"\x08\x00" + ip
    records = (struct.pack("<IIII", 1000 + n, 0, len(frame), len(frame)) + frame for n in range(packets))
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records)


def eve(path, rows) -> object:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def beacon(tmp_path) -> object:
    return eve(tmp_path / "eve.json", [flow(60 + 300 * n, "10.1.0.7", "45.9.148.20", 443) for n in range(60)])


@pytest.mark.slow
def test_a_beacon_in_an_eve_file_with_times_of_1970(beacon) -> None:
    code, (found,), _, _ = run(beacon, "--json")
    assert code == 0
    assert set(found) >= FACTS
    assert (found["detector"], found["host"], found["peer"]) == ("beacon", "10.1.0.7", "45.9.148.20")
    assert found["observables"] == ["ip4:45.9.148.20"]
    assert found["first"].startswith("1970-01-01T00:01:00")
    assert found["source"] == str(beacon)
    assert found["why"].startswith("Every 5 min")
    assert 0 < found["p"] <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "order"),
    [
        ("en", ("One machine called", "What speaks against it:", "Start here:", "nats", "Every 5 min")),
        ("da", ("En maskine kontaktede", "Det taler imod:", "Begynd her:", "nats", "Hver 5 min")),
    ],
)
def test_what_it_is_comes_first_and_the_figures_last(beacon, language, order) -> None:
    text = " ".join(run(beacon, "--language", language)[2].split())
    places = [text.find(said) for said in order]
    assert -1 not in places, text
    assert places == sorted(places)


@pytest.mark.slow
def test_json_says_it_in_the_same_order(beacon) -> None:
    _, (found,), _, _ = run(beacon, "--json")
    names = [name for name in found if name in ("what", "against", "look_first", "why")]
    assert names == ["what", "against", "look_first", "why"]
    assert found["what"].startswith("One machine called the address 45.9.148.20 every 5 minutes")
    assert found["look_first"].startswith("Look up the peer")


@pytest.mark.slow
def test_what_this_user_may_not_read_is_one_fault_and_the_rest_is_looked_at(tmp_path, beacon, monkeypatch) -> None:
    locked, folder = tmp_path / "locked.json", tmp_path / "folder"
    locked.write_text("{}\n")
    (folder / "inner").mkdir(parents=True)
    access, scan = os.access, os.scandir

    def refuse(path):
        if str(path) in (str(locked), str(folder / "inner")):
            raise PermissionError(errno.EACCES, "no", str(path))

    def opened(path):
        refuse(path)
        return LogFile(path)

    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(locked) and access(path, mode))
    monkeypatch.setattr(os, "scandir", lambda path: refuse(path) or scan(path))
    monkeypatch.setattr(recognise, "LogFile", opened)
    code, found, _, said = run(locked, folder, beacon, "--json")
    assert (code, [one["detector"] for one in found]) == (Exit.INPUT, ["beacon"])
    assert f"bavn: {locked}: cannot be read" in said
    assert f"bavn: {folder / 'inner'}: cannot be read (Permission denied)" in said
    assert "empty" not in said


@pytest.mark.slow
def test_danish_and_the_table(beacon) -> None:
    code, _, text, _ = run(beacon, "--language", "da")
    assert code == 0
    assert "Hver 5 min" in text
    assert "T1071" in text
    assert "egne net antages" in text


@pytest.mark.slow
def test_home_turns_who_is_inside(tmp_path) -> None:
    rows = [flow(n, "45.9.150.9", "45.9.160.10", port, answered=False) for n, port in enumerate(range(1, 61))]
    made = eve(tmp_path / "eve.json", rows)
    _, (inward,), _, _ = run(made, "--json", "--home", "45.9.160.0/24")
    assert (inward["host"], inward["peer"], inward["technique"]) == ("45.9.160.10", "45.9.150.9", "T1595.001")
    _, (outward,), _, _ = run(made, "--json", "--home", "45.9.150.0/24")
    assert (outward["host"], outward["peer"], outward["technique"]) == ("45.9.150.9", "45.9.160.10", "T1046")


def test_an_empty_file_in_a_folder_is_said_to_be_empty(tmp_path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "conn.pcap").touch()
    _, _, _, error = run(tmp_path / "logs")
    assert f"{tmp_path / 'logs' / 'conn.pcap'}: the file is empty" in error
    assert "neither" not in error


@pytest.mark.slow
def test_what_the_internet_tries_is_one_line_a_day_and_each_of_it_where_asked_for(tmp_path) -> None:
    doors = [(n, host, port) for host in range(3) for n, port in enumerate(range(1, 61))]
    rows = [flow(60 * host + n, f"45.9.150.{9 + host}", "45.9.160.10", port, answered=False) for n, host, port in doors]
    made = eve(tmp_path / "eve.json", rows)
    given = (made, "--home", "45.9.160.0/24")
    _, found, _, _ = run(*given, "--json")
    assert {one["peer"] for one in found} == {"45.9.150.9", "45.9.150.10", "45.9.150.11"}
    assert {one["knock"] for one in found} == {"tcp/*"}
    said = (
        "The internet knocks: 3 addresses tried doors here on 1 January 1970 (many TCP ports), most of all 45.9.150.10"
    )
    assert {one["folded"] for one in found} == {said}
    assert sum(one["above_alert_line"] for one in found) == 1
    _, _, text, _ = run(*given)
    assert said in " ".join(text.split())
    assert "45.9.150.11" not in text
    assert "nothing suspicious" not in text
    _, _, text, _ = run(*given, "--all")
    assert "45.9.150.11" in text


@pytest.mark.slow
def test_a_folder_of_zeek_logs_is_one_source(tmp_path) -> None:
    folder = tmp_path / "zeek"
    folder.mkdir()
    head = "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tqtype_name\n"
    rows = "".join(
        f"{100 + n}.0\tC{n}\t10.1.0.9\t5353\t10.1.0.53\t53\tudp\t{n:04x}{'k3q9zx7w1v' * 3}{n:02}.udnyt.net\tA\n"
        for n in range(80)
    )
    with gzip.open(folder / "dns.log.gz", "wt") as log:
        log.write(head + rows)
    code, found, _, _ = run(folder, "--json")
    assert code == 0
    assert {(one["detector"], one["peer"], one["source"]) for one in found} >= {
        ("dns_tunnel", "udnyt.net", str(folder))
    }


@pytest.mark.slow
def test_what_cannot_be_read_is_one_line_and_the_rest_goes_on(beacon, tmp_path) -> None:
    nonsense, empty = tmp_path / "x.pcap", tmp_path / "empty"
    nonsense.write_bytes(b"no capture at all")
    empty.mkdir()
    code, found, _, error = run(nonsense, empty, tmp_path / "gone", beacon, "--json")
    assert code == Exit.INPUT
    assert [one["detector"] for one in found] == ["beacon"]
    lines = [line for line in error.splitlines() if line.startswith("bavn: ")]
    assert [line.split(": ")[1] for line in lines] == [str(nonsense), str(empty), str(tmp_path / "gone")]


@pytest.mark.slow
def test_a_capture_is_read_by_a_path_from_where_one_stands(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.pcap").write_bytes(capture(1))
    code, _, text, error = run("one.pcap")
    assert (code, error) == (0, "")
    assert "nothing suspicious" in text
    assert "would alert" not in text
    assert "0 records" not in text


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone", None, "there is no such file or folder"),
        ("empty.pcap", b"", "the file is empty"),
        (
            "note.txt",
            b"hello\n",
            UNKNOWN,
        ),
        (
            "flows.csv",
            b"src_ip,dst_ip,protocol,start\n10.0.0.1,10.0.0.2,tcp,2026-01-01 08:00:00\n",
            str(ADVICE["table"]),
        ),
        ("eve.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), "is packed in a way that nothing here unpacks: unpack it first"),
        ("eve.json.xz", b"\xfd7zXZ\x00" + bytes(40), "is a damaged archive, of which nothing can be read"),
        (
            "note.json",
            '{"event_type": "flow"}'.encode("utf-16"),
            UNKNOWN,
        ),
        (
            "conn.log",
            b"1700000000.123456\tCHhAvVGS1DHFjwGM9\t10.1.0.7\t50000\t10.1.0.8\t443\ttcp\n",
            "is a Zeek log without its head (#fields): the columns cannot be known; keep the lines that begin with #",
        ),
    ],
)
def test_one_path_that_gives_nothing_is_one_line(tmp_path, monkeypatch, name, content, reason) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_bytes(content)
    code, _, text, error = run(name)
    assert (code, text, error) == (Exit.INPUT, "", f"bavn: {name}: {reason}\n")


@pytest.mark.slow
def test_the_key_exchanges_of_all_that_was_given_are_one_bill_of_materials(tmp_path) -> None:
    rows = [flow(10, "10.1.0.7", "45.9.148.20", 443)]
    for name, sni in (("one.json", "a.example"), ("two.json", "b.example")):
        spoken = {"version": "TLS 1.3", "sni": sni, "ja3s": {"string": "771,4865,51"}}
        eve(tmp_path / name, [*rows, {**rows[0], "event_type": "tls", "tls": spoken}])
    out = tmp_path / "cbom.json"
    code, _, _, error = run(tmp_path / "one.json", tmp_path / "two.json", "--cbom", out)
    assert (code, error) == (0, f"{out}: 2 kinds of key exchange\n")
    made = json.loads(out.read_text())
    assert (made["specVersion"], made["bomFormat"]) == ("1.6", "CycloneDX")
    assert {"a.example", "b.example"} <= set(re.findall(r"[ab][.]example", out.read_text()))
    code, _, _, error = run(tmp_path / "one.json", "--cbom", tmp_path / "none" / "cbom.json")
    assert (code, "cannot be written" in error) == (Exit.USAGE, False), "said by the one who ends the command"


def test_a_pipe_is_not_waited_for(tmp_path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code, _, _, error = run(pipe)
    assert (code, error) == (Exit.INPUT, f"bavn: {pipe}: neither a file nor a folder (a socket, a pipe, a device)\n")


@pytest.mark.slow
def test_what_is_no_file_in_a_folder_is_named_with_its_reason(tmp_path, beacon) -> None:
    folder, outside = tmp_path / "all", tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    outside.mkdir()
    beacon.rename(folder / "deep" / "eve.json")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(folder / "socket"))
    (folder / "dangling").symlink_to(folder / "nothing")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "elsewhere").symlink_to(outside)
    (folder / "device").symlink_to("/dev/zero")
    code, found, _, error = run(folder, "--json")
    assert (code, [one["source"] for one in found]) == (Exit.INPUT, [str(folder / "deep" / "eve.json")])
    said = dict(line.removeprefix(f"bavn: {folder}/").split(": ", 1) for line in error.splitlines())
    nothing = "neither a file nor a folder (a socket, a pipe, a device)"
    nowhere = "a link that leads nowhere"
    assert said == {
        "pipe": nothing,
        "socket": nothing,
        "device": nothing,
        "dangling": nowhere,
        "loop": nowhere,
        "elsewhere": "a link to another folder: give that folder itself",
    }


@pytest.mark.slow
def test_a_name_that_would_move_the_terminal_is_shown_plain(tmp_path, beacon) -> None:
    odd = beacon.rename(tmp_path / "odd\n\x1b[31m[bold].json")
    empty = tmp_path / "empty\x1b[2J"
    empty.touch()
    code, _, text, error = run(odd, empty)
    assert code == Exit.INPUT
    assert "\x1b" not in text + error
    assert "odd\\x0a\\x1b[31m[bold].json" in text
    assert error == f"bavn: {tmp_path}/empty\\x1b[2J: the file is empty\n"


@pytest.mark.parametrize(("option", "value"), [("--evidence-min", "nan"), ("--p-max", "nan"), ("--ioc", "/dev/zero")])
def test_what_would_hide_all_or_never_end_is_a_wrong_use(beacon, option, value) -> None:
    code, found, _, _ = run(beacon, "--json", option, value)
    assert (code, found) == (Exit.USAGE, [])


def test_a_folder_of_nothing_that_is_a_file_says_what_there_is(tmp_path) -> None:
    (tmp_path / "dangling").symlink_to("nothing")
    code, _, _, error = run(tmp_path)
    assert (code, error) == (Exit.INPUT, f"bavn: {tmp_path}/dangling: a link that leads nowhere\n")


@pytest.mark.slow
def test_the_reason_and_the_summary_are_danish_too(tmp_path, beacon, monkeypatch) -> None:
    monkeypatch.setenv("BAVN_LANGUAGE", "da")
    Path(tmp_path / "note.txt").write_bytes(b"hello\n")
    code, _, text, error = run(tmp_path / "note.txt", beacon)
    assert code == Exit.INPUT
    assert error == (
        f"bavn: {tmp_path}/note.txt: er hverken en pakkeoptagelse, EVE eller en log fra Zeek eller et andet kendt"
        " program, og der er heller ingen dokumenter om nettet i den (docs/sources.md siger, hvad der læses)\n"
    )
    assert "60 poster, 0 afvist, 1 egen maskine; den første ville give alarm" in text
    assert "hvad" in text


@pytest.mark.slow
def test_rules_that_cannot_run_are_counted_and_named_when_asked(tmp_path, beacon) -> None:
    rule = "title: Processes\nlogsource: {product: windows, category: process_creation}\n"
    rule += "detection: {a: {Image: x}, condition: a}\n"
    for name in ("one.yml", "two.yml"):
        (tmp_path / name).write_text(rule.replace("Processes", f"Processes of {name}"))
    _, _, _, error = run(beacon, "--sigma", tmp_path)
    assert error == "bavn: 2 of 2 Sigma rules are not supported and do not run (--verbose says why)\n"
    _, _, _, error = run(beacon, "--sigma", tmp_path, "--verbose")
    assert error.count("\n") == 2
    assert "two.yml: Processes of two.yml: " in error


@pytest.mark.slow
def test_a_rule_that_cannot_be_read_is_an_exit_code(tmp_path, beacon) -> None:
    (tmp_path / "bad.yml").write_text("title: [")
    code, found, _, error = run(beacon, "--json", "--sigma", tmp_path / "bad.yml")
    assert (code, len(found)) == (Exit.INPUT, 1), "the captures are looked at all the same"
    assert "bad.yml" in error


@pytest.mark.slow
def test_a_malformed_line_is_said_and_is_no_broken_input(beacon) -> None:
    beacon.write_text(beacon.read_text() + "{ no json\n", encoding="utf-8")
    code, found, _, error = run(beacon, "--json")
    assert code == 0
    assert len(found) == 1
    assert f"{beacon.name}:61:" in error


@pytest.mark.slow
def test_a_share_of_lines_that_nobody_could_use_is_an_exit_code_and_each_reason_is_said(tmp_path, beacon) -> None:
    wrapped = tmp_path / "wrapped.json"
    lines = "".join(json.dumps({"_source": json.loads(line)}) + "\n" for line in beacon.read_text().splitlines())
    wrapped.write_text(lines + "of nobody\n" * 2 + '{"half": \n' + "of nobody\n" * 800, encoding="utf-8")
    code, found, _, error = run(wrapped, "--json")
    assert code == Exit.INPUT
    assert len(found) == 1
    assert f"{wrapped}: 803 refused, the first wrapped.json:61: of no known program" in error
    assert f"{wrapped}: others, the first wrapped.json:63: no JSON" in error


@pytest.mark.slow
def test_documents_in_a_packing_that_is_cut_off_are_an_exit_code(tmp_path, beacon) -> None:
    wrapped = tmp_path / "wrapped.json.gz"
    lines = "".join(json.dumps({"_source": json.loads(line)}) + "\n" for line in beacon.read_text().splitlines())
    wrapped.write_bytes(gzip.compress(lines.encode())[:-30])
    code, _, _, error = run(wrapped, "--json")
    assert code == Exit.INPUT
    assert "the gzip archive is cut off" in error


@pytest.mark.slow
def test_each_file_in_an_archive_has_its_line(tmp_path, beacon) -> None:
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        archive.write(beacon, "a/eve.json")
        archive.writestr("empty.log", "")
    code, _, text, error = run(tmp_path / "logs.zip")
    assert code == Exit.INPUT
    assert f"{tmp_path / 'logs.zip'}: an archive of files\n" in text
    assert "\na/eve.json: Suricata's EVE: 60 records\n" in text
    assert "bavn: empty.log: the file is empty\n" in error


@pytest.mark.slow
def test_together_makes_one_network_of_two_halves(tmp_path) -> None:
    halves = [
        eve(
            tmp_path / f"{half}.json",
            [flow(300 * n, "10.1.0.7", "45.9.148.20", 443) for n in range(half * 3, half * 3 + 3)],
        )
        for half in range(2)
    ]
    _, alone, _, _ = run(*halves, "--json")
    assert alone == []
    _, (found,), _, _ = run(*halves, "--json", "--together")
    assert found["source"] == " + ".join(map(str, halves))


@pytest.mark.slow
def test_an_indicator_list_is_met_and_its_bad_lines_are_named(beacon, tmp_path) -> None:
    known = tmp_path / "ioc.txt"
    known.write_text("# from a friend\n45.9.148.0/24\ncom\n")
    _, found, _, error = run(beacon, "--json", "--ioc", known)
    assert {one["detector"] for one in found} == {"ioc", "beacon"}
    assert f"{known}:3" in error


@pytest.mark.slow
def test_weak_ones_are_left_out_and_counted(tmp_path) -> None:
    rows = [flow(600 + n, "45.9.150.9", "10.1.0.8", n, answered=False) for n in range(1, 5)]
    made = eve(tmp_path / "eve.json", rows)
    _, shown, _, _ = run(made, "--json")
    _, everything, _, _ = run(made, "--json", "--all")
    assert shown == []
    assert [one["p"] > 0.05 for one in everything] == [True]
    shown = run(made)[2]
    assert "; 1 weaker left out (--all)" in shown
    assert "would alert" not in shown
    assert "the first would alert; 0 weaker left out" in run(made, "--all")[2]
    assert run(made, "--json", "--all", "--top", "1")[1] == everything
    assert run(made, "--json", "--p-max", "1", "--evidence-min", "3.9")[1] == []


@pytest.mark.parametrize("wrong", [("--home", "nowhere"), ("--ioc", "/does/not/exist"), ("--language", "xx")])
def test_a_wrong_option_is_a_usage_error(beacon, wrong) -> None:
    code, _, _, _ = run(beacon, *wrong)
    assert code == Exit.USAGE


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(beacon) -> None:
    assert run(beacon, "--json")[2] == run(beacon, "--json")[2]


@pytest.mark.slow
@pytest.mark.suricata
def test_a_capture_goes_the_whole_way(tmp_path) -> None:
    """Packets -> Suricata -> records -> store -> suspicion; and a capture that was cut off says so."""
    from scapy.layers.inet import IP, TCP
    from scapy.layers.l2 import Ether
    from scapy.utils import wrpcap

    packets = []
    for n in range(1, 31):
        packet = Ether() / IP(src="10.1.0.7", dst=f"10.1.1.{n}") / TCP(sport=40000 + n, dport=445, flags="S", seq=n)
        packet.time = 1000 + n * 0.1
        packets.append(packet)
    capture = tmp_path / "scan.pcap"
    wrpcap(str(capture), packets)
    code, (found,), _, _ = run(capture, "--json")
    assert code == 0
    assert (found["detector"], found["host"], found["peer"]) == ("scan", "10.1.0.7", "tcp/445")
    capture.write_bytes(capture.read_bytes()[:-20])
    code, (again,), _, error = run(capture, "--json")
    assert code == Exit.INPUT
    assert again["detector"] == "scan"
    assert capture.name in error


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "da"])
def test_a_detector_that_fails_is_named_and_is_an_exit_code(beacon, monkeypatch, language) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Dga, "candidates", fails)
    code, (found,), _, error = run(beacon, "--json", "--language", language)
    assert (code, found["detector"], found["failed"]) == (Exit.INPUT, "beacon", ["dga"])
    (said,) = [line for line in error.splitlines() if line.startswith(f"bavn: {beacon}: ")]
    assert said.endswith("failed: dga" if language == "en" else "fejlede: dga")


@pytest.mark.slow
def test_what_looks_at_what_suspicions_share_fails_as_loudly_as_a_detector(beacon, monkeypatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(run_of_detectors.behaviour, "with_behaviour", fails)
    code, (found,), _, error = run(beacon, "--json")
    assert (code, found["detector"], found["failed"]) == (Exit.INPUT, "beacon", ["behaviour"])
    assert "failed: behaviour" in error


@pytest.mark.slow
@pytest.mark.parametrize("shown", [["--json"], ["--json", "--assets"]])
@pytest.mark.parametrize("quiet", [True, False])
def test_a_failed_detector_stands_in_the_json_whatever_that_shows(beacon, tmp_path, monkeypatch, shown, quiet) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Dga, "candidates", fails)
    host = "192.0.2.1" if "--assets" in shown else "10.1.0.7"
    rows = [flow(60, host, "192.0.2.2", 443)]
    given = eve(tmp_path / "quiet.json", rows) if quiet else beacon
    code, found, _, _ = run(given, *shown)
    assert code == Exit.INPUT
    assert found
    assert {(one["source"], *one["failed"]) for one in found} == {(str(given), "dga")}


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "# nothing yet\n", "com\nno such thing\n"])
def test_a_list_without_one_indicator_is_said_and_is_an_exit_code(beacon, tmp_path, content) -> None:
    empty, known = tmp_path / "empty.txt", tmp_path / "known.txt"
    empty.write_text(content)
    known.write_text("45.9.148.20\n")
    code, found, _, error = run(beacon, "--json", "--ioc", empty, "--ioc", known)
    assert code == Exit.INPUT
    assert {one["detector"] for one in found} == {"ioc", "beacon"}, "the rest is looked for all the same"
    assert [line for line in error.splitlines() if "not one" in line] == [
        f"bavn: {empty}: there is not one indicator in it"
    ]
    assert run(beacon, "--json", "--ioc", known)[0] == 0
