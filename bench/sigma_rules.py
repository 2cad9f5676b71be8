"""What a run of Sigma rules costs: the rules of BAVN_DATA over HTTP and DNS rows, by row and by rule.

.venv/bin/python bench/sigma_rules.py [--rows 200000]     a look over everything
    --hours 100    looks of a node: the first, one with nothing new, one with an hour more, one with a late row
    --benign       suspicions by Sigma alone on benign captures
"""

import argparse
import tarfile
import time
from collections import Counter

import pyarrow as pa
from labelled import data_needed

from bavn.actor.detect.detectors.signature import Signature
from bavn.actor.detect.indicators.rule_memory import RuleMemory
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.hunt.rule_text import RuleFile
from bavn.actor.hunt.run import run_rules
from bavn.actor.hunt.sigma import read_rules, rules_of
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import ARROW
from bavn.actor.store.limits import StoreLimits
from bavn.model.intel.rule import RowRule
from bavn.model.moment import SECOND_US
from bavn.model.record import TABLES, address_uuid

AT = 494_000 * 3600 * SECOND_US


def made(name: str, rows: int, hours: int = 0) -> pa.Table:
    """Rows of varied names, paths and agents; a thousand a second, or spread over so many hours."""
    step_us = hours * 3600 * SECOND_US // rows if hours else 1000
    given = {
        "ts": [AT + n * step_us for n in range(rows)],
        "src": [address_uuid(f"10.0.{n % 7}.{n % 250}").bytes for n in range(rows)],
        "dst": [address_uuid(f"198.51.{n % 90}.{n % 240}").bytes for n in range(rows)],
        "rrname": [f"host{n % 5000}.part{n % 97}.example.net" for n in range(rows)],
        "rrtype": ["A" if n % 3 else "TXT" for n in range(rows)],
        "host": [f"www{n % 800}.example.org" for n in range(rows)],
        "url": [f"/path/{n % 9000}/page{n % 13}.html?id={n}&view=full" for n in range(rows)],
        "method": ["GET"] * rows,
        "user_agent": [f"Mozilla/5.0 (X11; Linux x86_64; rv:{n % 90}.0) Gecko/20100101" for n in range(rows)],
    }
    columns = {
        column.name: pa.array(given.get(column.name, [None] * rows)).cast(ARROW[column.type])
        if column.type != "UUID" or column.name not in given
        else pa.array(given[column.name], ARROW[column.type])
        for column in TABLES[name]
    }
    return pa.table(columns)


def read() -> list[RowRule]:
    """The rules that run."""
    file = data_needed().parent / "intel/sigma/sigma-network-rules.tar.gz"
    with tarfile.open(file) as archive:
        files = [
            RuleFile(member.name, archive.extractfile(member).read())
            for member in archive.getmembers()
            if member.isfile() and member.name.endswith(".yml")
        ]
    begun = time.process_time()
    outcomes = read_rules(files)
    rules = rules_of(outcomes)
    print(f"{len(rules)} of {len(outcomes)} rules run; read and converted in {time.process_time() - begun:.2f} CPU s")
    return list(rules)


def looks(rules: list[RowRule], rows: int, hours: int) -> None:
    """A node's looks over HTTP rows that lie in so many hours."""
    mine = [rule for rule in rules if rule.table == "http"]
    with ColumnStore.temporary(StoreLimits(threads=2), homes=("10.0.0.0/8",)) as store:
        every = made("http", rows, hours)
        part = rows * (hours - 1) // hours
        memory = RuleMemory()

        def look(what: str) -> None:
            store.tidy()
            with store.window(0, AT * 2) as window:
                cpu = time.process_time()
                found = memory.look(window, mine)
                cpu = time.process_time() - cpu
            print(f"{what}: {cpu:.2f} CPU s, {memory.standing.checks:,} rows times rules, {len(found)} named")

        store.append("bench", "1", {"http": every.slice(0, part)})
        look(f"first look, {len(mine)} rules, {part:,} rows in {hours - 1} hours")
        look("nothing new")
        store.append("bench", "2", {"http": every.slice(part)})
        look("an hour more")
        store.append("bench", "3", {"http": every.slice(rows // 2, 1)})
        look("a late row")


def benign(rules: list[RowRule]) -> None:
    """Suspicions of Sigma matches alone: the captures without Suricata's alerts. p comes from the benign captures of
    the other half of the families."""
    from detect_more_b import sigma_tallies, table_of
    from labelled import BENIGN, labelled, window

    folder = data_needed()
    references = {}
    for half in (True, False):
        tallies = sigma_tallies(folder, lambda one, half=half: one.tuning is not half)
        references[half] = table_of(tallies)
    levels, days, captures = (0.25, 0.05, 0.01, 0.001), 0, 0
    false: Counter[object] = Counter()
    for one in labelled(folder):
        if one.kind not in BENIGN:
            continue
        with window(one) as seen:
            if seen is None:
                continue
            captures += 1
            sql = "SELECT count(*) FROM (SELECT DISTINCT src, hour // 24 FROM pair_hour WHERE is_home(src))"
            days += int(seen.rows(sql)[0][0])
            memory = RuleMemory()
            found = survey(
                seen,
                (Signature(),),
                rules=tuple(rules),
                memory=memory,
                against=SurveyBackground(reference=references[one.tuning]),
            )
            found = found.suspicions
            false["all"] += len(found)
            for level in levels:
                false[level] += sum(one.p <= level for one in found)
            for folded in memory.look(seen, rules):
                false[f"rule: {folded.rule.level}: {folded.rule.title}"] += 1
    print(f"{captures} benign captures, {days} host-days")
    for what, count in false.most_common():
        print(f"  {what}: {count} ({1000 * count / max(1, days):.1f} for 1,000 host-days)")


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=200_000)
    asked.add_argument("--hours", type=int, default=0)
    asked.add_argument("--benign", action="store_true")
    given = asked.parse_args()
    rows, rules = given.rows, read()
    if given.benign:
        benign(rules)
        return
    if given.hours:
        looks(rules, rows, given.hours)
        return
    with ColumnStore.temporary(StoreLimits(threads=2), homes=("10.0.0.0/8",)) as store:
        store.append("bench", "1", {name: made(name, rows) for name in ("http", "dns")})
        store.tidy()
        for table in ("http", "dns"):
            mine = [rule for rule in rules if rule.table == table]
            with store.window(0, AT * 2) as window:
                wall, cpu = time.perf_counter(), time.process_time()
                run_rules(window, mine, samples=0)
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(
                f"{table}: {len(mine)} rules over {rows:,} rows in {wall:.2f} s ({cpu:.2f} CPU s):"
                f" {1e6 * cpu / rows:.1f} us a row, {1e9 * cpu / rows / len(mine):.0f} ns a row and rule"
            )


if __name__ == "__main__":
    main()
