"""Debian's Suricata with the configuration that it is installed with, over real captures: Bavn reads its EVE as it
comes, each kind of event, with statistics that belong to no flow, over rotation by renaming and by copying."""

import contextlib
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from bavn.actor.sense.suricata.eve_file import EveFile
from tests.conftest import RELEASES, SURICATA_BESIDE

pytestmark = [pytest.mark.slow, pytest.mark.suricata, pytest.mark.data]
DEFAULT = Path("/etc/suricata/suricata.yaml")
CAPTURES = (
    "malicious/emotet/Example-1-2021-01-06-Emotet-infection.pcap",
    "technique/lateral-psexec/multiple_psexecs_with_cmds_netstat_ipconfig.pcap",
    "protocol-mix/protocols/SSL.pcap",
    "benign/building-automation/Digital_Bond_S4_BACnet_Host.pcap",
)
ROWS = {"flow": "flow", "dns": "dns", "tls": "tls", "http": "http", "alert": "alert"}
"""Kinds of event that become one row each, and the table. An answer that Suricata logs twice is a row each."""
RULE = (
    'alert ip any any -> any any (msg:"a packet"; threshold: type limit, track by_src, count 1, seconds 3600; sid:1;)'
)


@pytest.fixture(scope="module", params=RELEASES)
def events(request, data, tmp_path_factory):
    """What it writes of each capture: the files, one after another."""
    beside = request.param == "beside"
    program = str(SURICATA_BESIDE / "bin/suricata") if beside else "suricata"
    default = SURICATA_BESIDE / DEFAULT.relative_to("/") if beside else DEFAULT
    folder, made = tmp_path_factory.mktemp("default"), []
    (folder / "some.rules").write_text(RULE + "\n")
    for n, name in enumerate(CAPTURES):
        into = folder / str(n)
        into.mkdir()
        subprocess.run(
            [
                program,
                "-c",
                default,
                "-S",
                folder / "some.rules",
                "-r",
                data / "captures/pcap" / name,
                "-l",
                into,
                "-k",
                "none",
            ],
            check=True,
            capture_output=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        made.append((into / "eve.json").read_bytes())
    return made


def poll(source, tables, sums):
    for batch in source.poll():
        for name, table in batch.tables.items():
            tables[name] += table.num_rows
        sums.update(lines=batch.lines, passed=batch.passed, refused=batch.refused)
        assert batch.refusals == ()


def read_over_rotation(source, path, events, tables, sums):
    for n, content in enumerate(events):
        if n % 2:
            half = content[: len(content) // 2]
            path.write_bytes(half)
            poll(source, tables, sums)
            with path.open("ab") as log:
                log.write(content[len(half) :])
            path.rename(path.with_name("eve.json.1"))  # as logrotate does, and Suricata on HUP
            path.write_bytes(b"")
        else:
            path.write_bytes(content)
            poll(source, tables, sums)
            shutil.copy(path, path.with_name("eve.json.1"))  # copytruncate
            path.write_bytes(b"")
        poll(source, tables, sums)
        path.with_name("eve.json.1").unlink()
        path.unlink()
    poll(source, tables, sums)


def test_all_of_its_default_log_is_read_whatever_the_rotation(events, tmp_path, engine) -> None:
    path, tables, sums = tmp_path / "eve.json", Counter(), Counter()
    with contextlib.closing(EveFile(name="eve", sensor="s1", path=path, engine=engine)) as source:
        read_over_rotation(source, path, events, tables, sums)
    wanted = Counter(json.loads(line)["event_type"] for content in events for line in content.splitlines())
    print(wanted, tables, sums)
    assert {"flow", "dns", "tls", "http", "alert", "stats", "fileinfo", "smb", "dcerpc", "krb5"} & set(wanted) >= {
        "flow",
        "dns",
        "tls",
        "http",
        "alert",
        "stats",
        "fileinfo",
        "smb",
    }
    assert sums["lines"] == wanted.total()
    assert sums["refused"] == 0
    for kind, table in ROWS.items():
        assert tables[table] == wanted[kind], kind
