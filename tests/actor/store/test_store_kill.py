"""kill -9 for real: a process that appends and tidies is killed at any moment; the history is what it acknowledged."""

import os
import random
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History

BATCH_ROWS = 50
WRITER = f"""
import sys
from pathlib import Path
import duckdb
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.model.record import create_table

HOUR0 = 494_000

class Now:
    def now_us(self):
        return (HOUR0 + 30) * 3_600_000_000

def batch(base, number):
    return {{
        table: base.sql(
            f"SELECT * REPLACE (make_timestamp(({{HOUR0}} + (r * 7 + {{number}}) % 3) * 3600000000 + r) AS ts, "
            f"CAST({{number}} * {BATCH_ROWS} + r AS UBIGINT) AS flow_id, (r % 9) || '.example.dk' AS {{named}}) "
            f"FROM range({BATCH_ROWS}) t(r) LEFT JOIN {{table}} ON FALSE"
        ).to_arrow_table().drop_columns(["r"])
        for table, named in (("flow", "app_proto"), ("dns", "rrname"))
    }}

base = duckdb.connect(config={{"arrow_lossless_conversion": True, "threads": 1}})
for table in ("flow", "dns"):
    base.execute(create_table(table))
store = ColumnStore.open(Path(sys.argv[1]), StoreLimits(micro_segments_max=4, threads=1), clock=Now())
number = int(store.mark("a") or -1) + 1
while True:
    kept = store.append("a", str(number), batch(base, number))
    assert kept == 2 * {BATCH_ROWS}, kept
    print(number, flush=True)
    if number % 5 == 4:
        store.tidy()
    number += 1
"""


def killed_at_random(root: Path, dice: random.Random) -> int | None:
    """Run the writer, kill it at some moment after some acknowledgements; the last one that it printed."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as writer:
        assert writer.stdout is not None
        printed = b""
        for _ in range(dice.randint(0, 12)):
            line = writer.stdout.readline()
            if not line:
                break
            printed += line
        if printed:
            read_meanwhile(root, int(printed.splitlines()[-1]))
        select.select([writer.stderr], [], [], dice.uniform(0, 0.06))
        writer.send_signal(signal.SIGKILL)
        rest, said = writer.communicate()
        assert writer.returncode == -signal.SIGKILL, said.decode()
    whole = (printed + rest).rpartition(b"\n")[0].split(b"\n")
    return int(whole[-1]) if whole[-1] else None


def read_meanwhile(root: Path, acknowledged: int) -> None:
    """From this process, while the other one appends, merges and sweeps: whole batches, and all acknowledged ones."""
    with History.read(root) as reader, reader.window(0, 2**60) as window:
        first = window.rows("SELECT count(*), max(flow_id) FROM flow")
        rows, newest = first[0]
        assert rows % BATCH_ROWS == 0
        assert rows == newest + 1 >= (acknowledged + 1) * BATCH_ROWS
        assert window.rows("SELECT sum(flows) FROM pair_hour") == [(rows,)]
        assert window.rows("SELECT count(*), max(flow_id) FROM flow") == first


def check(root: Path, acknowledged: int | None) -> int | None:
    """Exactly the batches up to the mark are there, each whole and once; the mark is the last acknowledged one, or the
    one that was in flight."""
    with ColumnStore.open(root) as store:
        mark = store.mark("a")
        number = None if mark is None else int(mark)
        if acknowledged is not None:
            assert number in (acknowledged, acknowledged + 1)
        assert store.check() == []
        wanted = [(n,) for n in range((-1 if number is None else number) * BATCH_ROWS + BATCH_ROWS)]
        with store.window(0, 2**60) as window:
            for table in ("flow", "dns"):
                assert window.rows(f"SELECT flow_id FROM {table} ORDER BY ALL") == wanted
            assert window.rows("SELECT coalesce(sum(flows), 0) FROM pair_hour") == [(len(wanted),)]
            assert window.rows("SELECT coalesce(sum(n), 0) FROM name_hour") == [(len(wanted),)]
    return number


def run(root: Path, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    last, moved = None, 0
    for _ in range(kills):
        acknowledged = killed_at_random(root, dice)
        now = check(root, last if acknowledged is None else acknowledged)
        moved += now != last
        last = now
    assert moved, "the writer never got anywhere"


@pytest.mark.slow
def test_killed_a_few_times(tmp_path):
    run(tmp_path, 10, seed=2)


@pytest.mark.slow
@pytest.mark.world
def test_killed_many_times(tmp_path):
    run(tmp_path, 60, seed=1)
