"""How fast lines become records, a second and core: EVE, EVE with broken lines, Zeek's conn.log as TSV and as JSON.

    .venv/bin/python bench/sense.py [--lines 200000] [--json]

Beside each, DuckDB's bare read of the same file in the same run (read_json and read_csv with all columns, keeping
nothing) and the ratio. Every figure is the best of three in CPU seconds of one thread. With the store: bench/ingest.py.
"""

import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from figures import run_and_tell
from ingest import bare_read, line

from bavn.actor.sense.engine import Engine
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.sense.zeek.fields import FIELDS

BROKEN_EVERY = 100
CONN = tuple(name for name in FIELDS["conn"] if name != "community_id")


def conn(n: int) -> dict[str, str]:
    """Connection n: repeatable, and no two alike."""
    mixed = n * 2_654_435_761 % 2**32
    values = (
        f"{1_700_000_000 + n // 50}.{n % 1_000_000:06}",
        f"C{mixed:017x}",
        f"10.0.{mixed % 20}.{mixed // 20 % 250}",
        str(32768 + mixed % 28_000),
        f"{20 + mixed % 180}.{mixed // 7 % 256}.{mixed % 251}.7",
        "443",
        "tcp",
        "ssl",
        f"{mixed % 900}.{mixed % 1000:03}",
        str(mixed % 9000),
        str(mixed % 90_000),
        ("SF", "S0", "REJ")[mixed % 3],
        "ShADadFf",
        str(mixed % 40),
        str(mixed % 10_000),
        str(mixed % 90),
        str(mixed % 99_000),
    )
    return dict(zip(CONN, values, strict=True))


def best(act: Callable[[], int], lines: int) -> float:
    """Lines a second; ``act`` must have found a row for each line."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        found = act()
        seconds.append(time.process_time() - start)
        if found != lines:
            raise SystemExit(f"{found} outcomes for {lines} lines")
    return lines / min(seconds)


def eve(file: Path, engine: Engine) -> int:
    source = EveFile(name="eve", sensor="s", path=file, engine=engine)
    outcomes = sum(batch.rows + batch.refused for batch in source.poll())
    source.close()
    return outcomes


def zeek(file: Path, engine: Engine) -> int:
    return sum(b.rows for b in open_path(file, sensor="s", work=file.parent, homes=("10.0.0.0/8",), engine=engine))


def bare(sql: str, lines: int) -> float:
    with duckdb.connect(config={"threads": 1}) as base:
        return best(lambda: base.execute(sql).fetchone()[0], lines)


def run(lines: int) -> dict[str, float]:
    engine = prepared(threads=1)
    figures: dict[str, float] = {"lines": lines}
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as directory:
        file = Path(directory) / "eve.json"
        file.write_text("".join(line(n) + "\n" for n in range(lines)))
        figures["eve_bare_lines_s"] = lines / bare_read(file, kept_in=None)
        figures["eve_lines_s"] = best(lambda: eve(file, engine), lines)
        figures["eve_ratio"] = figures["eve_lines_s"] / figures["eve_bare_lines_s"]
        broken = Path(directory) / "broken.json"
        broken.write_text("".join((line(n) if n % BROKEN_EVERY else line(n)[:-9]) + "\n" for n in range(lines)))
        figures["eve_1_percent_broken_lines_s"] = best(lambda: eve(broken, engine), lines)

        tsv = Path(directory) / "tsv"
        head = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\t"
        rows = ("\t".join(conn(n).values()) + "\n" for n in range(lines))
        tsv.write_text(head + "\t".join(CONN) + "\n" + "".join(rows))
        read = f"read_csv('{tsv}', delim = '\t', header = false, skip = 6, all_varchar = true)"
        figures["zeek_tsv_bare_lines_s"] = bare(f"SELECT count(COLUMNS(*)) FROM {read}", lines)
        figures["zeek_tsv_lines_s"] = best(lambda: zeek(tsv, engine), lines)
        figures["zeek_tsv_ratio"] = figures["zeek_tsv_lines_s"] / figures["zeek_tsv_bare_lines_s"]

        as_json = Path(directory) / "json"
        as_json.write_text("".join(json.dumps(conn(n)) + "\n" for n in range(lines)))
        columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in CONN) + "}"
        read = f"read_json('{as_json}', format = 'newline_delimited', columns = {columns})"
        figures["zeek_json_bare_lines_s"] = bare(f"SELECT count(COLUMNS(*)) FROM {read}", lines)
        figures["zeek_json_lines_s"] = best(lambda: zeek(as_json, engine), lines)
        figures["zeek_json_ratio"] = figures["zeek_json_lines_s"] / figures["zeek_json_bare_lines_s"]
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


if __name__ == "__main__":
    run_and_tell(__doc__, run, "lines", 200_000)
