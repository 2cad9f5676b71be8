"""Made traffic for bench/detect_more_a.py: names that machines make, transfers, a day on which browsers are renewed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.calibrate import NO_REFERENCE
from bavn.actor.detect.detectors.dga import ALARM_NATS, _step
from bavn.actor.detect.detectors.exfil import Exfil
from bavn.actor.detect.detectors.rarity import Rarity
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.run import SurveyBackground, survey
from bavn.actor.detect.statistics.made_names import DOWN_NATS
from bavn.actor.detect.terms import Terms
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.window import StoreWindow
from bavn.model.record import TABLES

DAY_US = 86_400_000_000
BEGIN_US = 1_790_000_000_000_000 - 1_790_000_000_000_000 % DAY_US
ABC = "abcdefghijklmnopqrstuvwxyz"
WORDS = (
    "blue",
    "garden",
    "stone",
    "winter",
    "little",
    "bridge",
    "market",
    "river",
    "green",
    "table",
    "summer",
    "horse",
    "paper",
    "gate",
    "silver",
    "door",
    "night",
    "field",
    "cold",
    "button",
    "north",
    "light",
    "apple",
    "house",
    "street",
    "music",
    "water",
    "glass",
    "round",
    "tree",
)


def names(trials: int = 1000) -> dict[str, object]:
    """Names until the alarm, and whether it came within ten and forty; beside a count of ten names."""
    dice = np.random.default_rng(5)

    def letters(alphabet: str, low: int, high: int) -> str:
        return "".join(dice.choice(list(alphabet), int(dice.integers(low, high))))

    kinds = {
        "letters, 8 to 20": lambda: letters(ABC, 8, 20),
        "letters and digits, 10 to 24": lambda: letters(ABC + "0123456789", 10, 24),
        "hex, 16 to 32": lambda: letters("0123456789abcdef", 16, 32),
        "syllables, 6 to 12": lambda: "".join(
            dice.choice(list("bcdfghklmnprstv")) + dice.choice(list("aeiou")) for _ in range(int(dice.integers(3, 7)))
        ),
        "two words": lambda: str(dice.choice(WORDS)) + str(dice.choice(WORDS)),
    }
    rows: dict[str, object] = {}
    for exists in (0.0, 0.1):
        for kind, made in kinds.items():
            took = [until(made, exists, dice) for _ in range(trials)]
            rows[f"{kind}, {exists:.0%} exist"] = {
                "within 10": round(float(np.mean([t <= 10 for t in took])), 3),
                "median names": float(np.median(took)),
                "within 40": round(float(np.mean([t <= 40 for t in took])), 3),
                "count of ten": 1.0 if exists == 0 else round(float(np.mean(dice.binomial(10, 0.9, trials) == 10)), 3),
            }
    for gone in (0.05, 0.1, 0.2):
        took = [until(kinds["two words"], 1 - gone, dice, 50) <= 50 for _ in range(10 * trials)]
        count = (dice.binomial(50, gone, 10 * trials) >= 10).mean()
        rows[f"innocent: 50 new small sites a day, {gone:.0%} gone"] = {
            "alarmed": round(float(np.mean(took)), 4),
            "count of ten": round(float(count), 4),
        }
    return rows


def until(made, exists: float, dice, most: int = 40) -> int:
    """How many names until the alarm; most + 1 if it does not come."""
    walk = 0.0
    for count in range(1, most + 1):
        walk = max(0.0, walk + (DOWN_NATS if dice.random() < exists else _step(f"{made()}.com")))
        if walk >= ALARM_NATS:
            return count
    return most + 1


@contextmanager
def office(
    hosts: int, days: int, *, renewed: bool = False, more: str = ""
) -> Iterator[tuple[StoreWindow, duckdb.DuckDBPyConnection]]:
    """An actor whose hosts browse a long tail of sites for some days, as flow and tls rows in a real store. Each
    browser has one fingerprint; ``renewed``: two in three of them have another one on the last day. Four sites in 300
    have a certificate of their own, a port of their own or no name. ``more``: SQL of more flow rows."""
    made = duckdb.connect(config={"threads": 1})
    made.execute("SET arrow_lossless_conversion = true; SELECT setseed(0.4)")
    calls = hosts * days * 40
    made.execute(
        "CREATE TABLE base AS SELECT i, (random() * $days * 86400e6)::BIGINT AS us, (random() * $hosts)::INT AS h,"
        " (random() * random() * random() * 60000)::INT AS d, random() AS r FROM range($calls) t(i)",
        {"days": days, "hosts": hosts, "calls": calls},
    )
    made.execute(
        f"CREATE TABLE calls AS SELECT make_timestamp({BEGIN_US} + us) AS ts, 'made' AS sensor,"
        " ((167772160 + h)::UBIGINT::UHUGEINT + 281470681743360::UHUGEINT)::UUID AS src, 40000 AS src_port,"
        " ((755000000 + d * 7)::UBIGINT::UHUGEINT + 281470681743360::UHUGEINT)::UUID AS dst,"
        " CASE WHEN d % 300 = 7 THEN 8531 ELSE 443 END AS dst_port, 'tcp' AS proto, i + 1 AS flow_id,"
        " ts + INTERVAL 5 SECOND AS ts_end, exp(7 + 2 * r)::UBIGINT AS bytes_toserver,"
        " exp(9 + 3 * r)::UBIGINT AS bytes_toclient, 9 AS pkts_toserver, 12 AS pkts_toclient, 'closed' AS state,"
        " FALSE AS failed, 'tls' AS app_proto, CASE WHEN d % 300 <> 8 THEN 'www.site' || d || '.net' END AS sni,"
        " CASE WHEN d % 300 IN (7, 9) THEN 'CN=box' ELSE 'CN=site' END AS subject,"
        " CASE WHEN d % 300 IN (7, 9) THEN 'CN=box' ELSE 'CN=ca' END AS issuerdn, md5('browser' || h % 5 ||"
        f" CASE WHEN {renewed} AND us >= {(days - 1) * DAY_US} AND h % 3 > 0 THEN 'new' ELSE '' END) AS ja3 FROM base"
    )
    with ColumnStore.temporary(StoreLimits(age_days_max=None), homes=["10.0.0.0/8"]) as store:
        for name in ("flow", "tls"):
            store.append("made", name, {name: shaped(made, name, "calls")})
        if more:
            store.append("made", "more", {"flow": shaped(made, "flow", f"({more})")})
        store.tidy()
        with store.window(BEGIN_US, BEGIN_US + days * DAY_US) as window:
            yield window, made


def shaped(made: duckdb.DuckDBPyConnection, name: str, source: str) -> pa.Table:
    """The table's columns out of a query; what it lacks is NULL."""
    there = {row[0] for row in made.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    columns = ", ".join(
        f'CAST({c.name if c.name in there else "NULL"} AS {c.type}) AS "{c.name}"' for c in TABLES[name]
    )
    return made.sql(f"SELECT {columns} FROM {source}").to_arrow_table()


def release(hosts: int = 1000, days: int = 10) -> dict[str, object]:
    """Candidates of rarity for 1,000 host-days at the end of ordinary days and on the day browsers are renewed."""
    rows: dict[str, object] = {}
    for name, renewed in (("an ordinary end", False), ("two in three browsers renewed", True)):
        with office(hosts, days, renewed=renewed) as (made, _):
            look = DetectorContext(window=made, terms=Terms(made, lists.shipped))
            found = Rarity().candidates(look)
            sql = f"""
                WITH seen AS (SELECT src, ja3, min(ts) AS since FROM tls GROUP BY src, ja3),
                peers AS (SELECT dst, min(ts) AS since FROM tls GROUP BY dst) SELECT
                (SELECT count(*) FROM seen WHERE epoch_us(since) >= {BEGIN_US + (days - 2) * DAY_US}),
                (SELECT count(*) FROM peers WHERE epoch_us(since) >= {BEGIN_US + (days - 2) * DAY_US})"""
            prints, peers = made.rows(sql)[0]
            shown = survey(made, (Rarity(),)).suspicions
            rows[name] = {
                "candidates for 1,000 host-days": round(len(found.candidates) * 1000 / (2 * hosts), 2),
                "p <= 0.05": sum(s.p <= 0.05 for s in shown),
                "plain: new fingerprint at a host": round(prints * 1000 / (2 * hosts), 1),
                "plain: new peer": round(peers * 1000 / (2 * hosts), 1),
            }
    return rows


def transfers(trials: int = 40, hosts: int = 1000, days: int = 10) -> dict[str, object]:
    """Transfers over an hour by hosts of an office: found, and false candidates; beside a plain rule of 50 MB."""
    rows: dict[str, object] = {}
    for size_mb in (30, 60, 100, 1000):
        more = f"""
            SELECT make_timestamp({BEGIN_US + (days - 1) * DAY_US + 36_000_000_000} + (n % 12) * 300000000) AS ts,
                'made' AS sensor, ((167772160 + n // 12)::UBIGINT::UHUGEINT + 281470681743360::UHUGEINT)::UUID AS src,
                50000 AS src_port, ((900000000 + 512 * (n // 12))::UBIGINT::UHUGEINT + 281470681743360::UHUGEINT)::UUID
                AS dst, 443 AS dst_port, 'tcp' AS proto, 10000000 + n AS flow_id, ts + INTERVAL 5 MINUTE AS ts_end,
                {size_mb * 1_000_000 // 12} AS bytes_toserver, 100000 AS bytes_toclient, 100 AS pkts_toserver,
                50 AS pkts_toclient, 'closed' AS state, FALSE AS failed FROM range({12 * trials}) t(n)"""
        with office(hosts, days, more=more) as (made, _):
            seen = survey(made, (Exfil(),), against=SurveyBackground(reference=NO_REFERENCE)).suspicions
            guilty = Counter(int(s.host.rpartition(".")[2]) < trials and s.host.startswith("10.0.0.") for s in seen)
            rows[f"{size_mb} MB over an hour"] = {
                "found": guilty[True] / trials,
                "least p": min((round(s.p, 5) for s in seen), default=None),
                "others for 1,000 host-days": guilty[False] * 1000 / (hosts * days),
            }
    return rows
