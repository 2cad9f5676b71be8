"""`python -m bavn.app.analyst.hunt_child PARENT`: one question to a node's history, in a process that may be ended.

Reads one line of JSON (what to ask, of which node) and writes one JSON document: the answer, or ``stop`` with its
``reason``. The bounds on its memory and time are those of `bavn node hunt`, and it ends with PARENT, the process that
began it. Refuses to ask a second question.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from bavn.actor.hunt.rule_text import RuleFile
from bavn.actor.hunt.run import Match, run_rules
from bavn.actor.hunt.sigma import Outcome, rules_of
from bavn.actor.hunt.span import requested_span
from bavn.app.analyst.hunting import Hunting, hunting
from bavn.app.analyst.indicator_list import MET_COLUMNS, met_rows, noted
from bavn.app.analyst.plain import columns_of, plain
from bavn.app.analyst.values.pivots import pivot_sql
from bavn.app.process.bounds import ended_after, ends_with, memory_bounded
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.one_line import one_line
from bavn.model.settings import SettingsError
from bavn.model.text import Text

SECONDS_TIMES: Final = 10.0
"""Rules and lists are asked many at a time, so they may take longer than an analyst's own query."""
REFUSALS_SHOWN_MAX: Final = 20
Said = dict[str, Any]


def _asking(given: Said) -> Hunting:
    return hunting(Path(given["config"]), given.get("last", ""), given.get("first", ""), given.get("end", ""))


def table_of(table: pa.Table, more: bool) -> Said:
    """A table as JSON: names, what kind of value each column has, rows."""
    names, columns = columns_of(table)
    kinds = [_kind(field.type) for field in table.schema]
    rows = [list(row) for row in zip(*columns, strict=True)] if columns else []
    return {"columns": [{"name": n, "kind": k} for n, k in zip(names, kinds, strict=True)], "rows": rows, "more": more}


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    return "text"


def _sql(given: Said) -> Said:
    default = requested_span(last=given["span"]) if given.get("span") else None
    rows, more = _asking(given).first(given["sql"], given.get("given"), rows=given["rows"], default=default)
    if given.get("columns"):
        rows = rows.select([name for name in rows.column_names if name in given["columns"]])
    return table_of(rows, more)


def _pivot(given: Said) -> Said:
    sql, parameters = pivot_sql(given["pivot"], given["value"])
    found, more = _asking(given).first(sql, parameters, rows=given["rows"])
    return table_of(found, more)


def _ioc(given: Said) -> Said:
    from bavn.actor.detect.indicators.reader import read
    from bavn.model.intel.spelled import MD5_OR_JA3

    hashes: set[str] = set()
    reading = read(noted(given["text"].splitlines(), hashes))
    asking = _asking(given)
    seconds = asking.config.hunt.seconds_max * SECONDS_TIMES
    with ended_after(seconds), asking.window(seconds_max=seconds) as window:
        rows = met_rows(window, reading.indicators, hashes)
    refusals = [(line, why.reason) for line, why in reading.refusals if why.rule != MD5_OR_JA3]
    kinds = {"rows": "number", "hosts": "number", "first": "time", "last": "time"}
    return {
        "columns": [{"name": name, "kind": kinds.get(name, "text")} for name in MET_COLUMNS],
        "rows": rows,
        "more": False,
        "looked": len(reading.indicators) + len(hashes),
        "refused": reading.refused - reading.unclear,
        "refusals": [{"line": line, "says": why.spoken()} for line, why in refusals[:REFUSALS_SHOWN_MAX]],
    }


def _sigma(given: Said) -> Said:
    from bavn.app.node.sigma_files import tried_rules

    outcomes = tried_rules([RuleFile(file["name"], file["text"].encode()) for file in given["files"]])
    if not outcomes:
        raise Stop(Exit.NOT_FOUND, Text("there is no rule in what was given"))
    met: list[Match] = []
    reasons: dict[int, str] = {}
    if not given.get("check"):
        asking = _asking(given)
        seconds = asking.config.hunt.seconds_max * SECONDS_TIMES
        with ended_after(seconds), asking.window(seconds_max=seconds) as window:
            met, refused = run_rules(window, rules_of(outcomes))
        reasons = {id(outcome.rule): one_line(outcome.reason) for outcome in refused}
    return {
        "outcomes": [_outcome(outcome, reasons) for outcome in outcomes],
        "matches": [_match(match) for match in met],
    }


def _outcome(outcome: Outcome, reasons: dict[int, str]) -> Said:
    rule = outcome.rule
    return {
        "file": outcome.file,
        "title": outcome.title,
        "standing": outcome.standing,
        "reason": reasons.get(id(rule), "") or outcome.reason or "; ".join(rule.notes if rule else ()),
        "sql": f"FROM {rule.relation} WHERE {rule.condition}" if rule else "",
    }


def _match(match: Match) -> Said:
    rule = match.rule
    return {
        "title": rule.title,
        "level": rule.level,
        "technique": rule.technique or "",
        "rows": match.rows,
        "hosts": match.hosts,
        "named": list(match.named),
        "first_us": match.first_us,
        "last_us": match.last_us,
        "samples": [{name: plain(value) for name, value in sample if value is not None} for sample in match.samples],
    }


def _dry_run(given: Said) -> Said:
    from dataclasses import asdict

    from bavn.actor.protect.dry_run_shown import Lists
    from bavn.app.analyst.trying import tried, wanted_of
    from bavn.app.config.load import read_node
    from bavn.app.node.protect import never_list, warning_list

    file = Path(given["config"])
    config = read_node(file)
    observable = wanted_of(given["what"], file)
    days = given.get("days") or config.protect.dry_run_days
    run = tried(config, file, observable, Lists(never_list(config), warning_list), days)
    why = run.would_wait
    return {
        "type": observable.type.value,
        "value": observable.value,
        "asked_days": days,
        **asdict(run.found),
        "named_hosts": list(run.hosts),
        "services": [asdict(one) for one in run.services],
        "rule": "" if why is None else why.rule,
        "reason": "" if why is None else why.reason.row(),
    }


def _assets(given: Said) -> Said:
    from bavn.app.analyst.asset_book import write

    asking = _asking(given)
    seconds = asking.config.hunt.seconds_max * SECONDS_TIMES
    with ended_after(seconds), asking.window(seconds_max=seconds) as window:
        return {"hosts": write(window, Path(given["into"]))}


def _packets(given: Said) -> Said:
    from bavn.app.analyst.packets.kept import READ_BYTES_MAX, SECONDS_MAX, Span, cut_of, read_out, wanted_for
    from bavn.app.analyst.suspected import one_named
    from bavn.app.config.load import read_node
    from bavn.app.node.book_queries import asks

    file = Path(given["config"])
    config, suspicion = read_node(file), None
    if given["suspicion"]:
        with asks(file) as book:
            suspicion = one_named(book, given["suspicion"]).suspicion
        wanted = wanted_for(config, suspicion, READ_BYTES_MAX, from_first=True)
    else:
        wanted = Span(**given["span"]).wanted(READ_BYTES_MAX, from_first=True)
    with memory_bounded(config.hunt.memory_mb_max, 1), ended_after(SECONDS_MAX * 2):
        return read_out(cut_of(config, wanted, suspicion))


KINDS: Final[dict[str, Callable[[Said], Said]]] = {
    "sql": _sql,
    "pivot": _pivot,
    "ioc": _ioc,
    "sigma": _sigma,
    "dry_run": _dry_run,
    "assets": _assets,
    "packets": _packets,
}


def answer(given: Said) -> Said:
    """What is said to one question."""
    try:
        return KINDS[given["kind"]](given)
    except Stop as stop:
        return {"stop": int(stop.code), "reason": str(stop)}
    except SettingsError as error:
        return {"stop": int(Exit.CONFIGURATION), "reason": str(error)}
    except MemoryError:
        return {"stop": int(Exit.EXCEEDED), "reason": "it needs more memory than it may take"}


def main() -> None:
    """One question from standard input, one answer to standard output."""
    if sys.argv[1:]:
        ends_with(int(sys.argv[1]))
    line = sys.stdin.buffer.readline()
    if line:
        said = json.dumps(answer(json.loads(line)), ensure_ascii=False, default=str)
        sys.stdout.buffer.write(said.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
