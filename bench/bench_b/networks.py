"""A made network of 2,000 hosts for two weeks with administrators, software distribution and monitoring, and three
movements on the twelfth day; beside the rule that every new pair on an administration port is an alert."""

from typing import Any

import numpy as np
import pyarrow as pa
from labelled import window_of

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.detectors.lateral import Lateral
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.run import survey
from bavn.actor.detect.terms import KNOWN_DAYS_MIN, Terms
from bavn.model.record import TABLES, address_uuid

HOSTS, DAYS, ATTACK_DAY = 2000, 14, 11
BEGIN_US = 1_790_035_200_000_000
DAY_US = 86_400_000_000
CONTROLLERS, FILES, DISTRIBUTION, MONITOR = ("10.9.0.1", "10.9.0.2"), "10.9.0.3", "10.9.0.4", "10.9.0.5"
HOMES = ("10.0.0.0/8",)


class Rows:
    """Rows by table, as columns."""

    def __init__(self) -> None:
        self.by_table: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}

    def flow(self, at_us: int, src: str, dst: str, port: int) -> int:
        number = len(self.by_table["flow"]) + 1
        self.by_table["flow"].append(
            {
                "ts": at_us,
                "ts_end": at_us + 500_000,
                "src": src,
                "dst": dst,
                "dst_port": port,
                "proto": "tcp",
                "flow_id": number,
                "bytes_toserver": 2000,
                "bytes_toclient": 4000,
                "failed": False,
                "state": "closed",
            }
        )
        return number

    def more(self, table: str, at_us: int, src: str, dst: str, port: int, **columns: Any) -> None:
        number = self.flow(at_us, src, dst, port)
        head = {"ts": at_us, "src": src, "dst": dst, "dst_port": port, "proto": "tcp", "flow_id": number}
        self.by_table[table].append(head | columns)

    def tables(self) -> dict[str, pa.Table]:
        made = {}
        for name, rows in self.by_table.items():
            if rows:
                made[name] = pa.table({c.name: _column(c.name, c.type, rows) for c in TABLES[name]})
        return made


def _column(name: str, kind: str, rows: list[dict[str, Any]]) -> pa.Array:
    values = [row.get(name) for row in rows]
    if name == "sensor":
        return pa.array(["made"] * len(rows), pa.string())
    if kind == "UUID":
        storage = pa.array([address_uuid(value).bytes if value else None for value in values], pa.binary(16))
        return pa.ExtensionArray.from_storage(pa.uuid(), storage)
    kinds = {
        "TIMESTAMP": pa.timestamp("us"),
        "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(),
        "UBIGINT": pa.uint64(),
        "UINTEGER": pa.uint32(),
        "VARCHAR[]": pa.list_(pa.string()),
        "USMALLINT": pa.uint16(),
        "UTINYINT": pa.uint8(),
    }
    if name == "src_port":
        return pa.array([50_000] * len(rows), pa.uint16())
    return pa.array(values, kinds[kind])


def host(number: int) -> str:
    return f"10.{number // 250}.1.{number % 250 + 1}"


def administers(rows: Rows, at_us: int, src: str, dst: str) -> None:
    """What both administrators and intruders do: open the share, start a service."""
    share = {"command": "SMB2_COMMAND_TREE_CONNECT", "status": "STATUS_SUCCESS", "share": rf"\\{dst}\ADMIN$"}
    rows.more("smb", at_us, src, dst, 445, **share)
    rows.more("dcerpc", at_us + 2_000_000, src, dst, 445, endpoint="svcctl", opnum=12)


def ordinary(rows: Rows, dice: np.random.Generator, days: int = DAYS) -> None:
    """Log-ons and shares of everybody; six administrators with sixty machines each; night runs; monitoring; and one
    host in a hundred that meets a neighbour's machine for the first time each day."""
    admins = [host(n) for n in range(6)]
    pools = [dice.choice(np.arange(100, HOSTS), 60, replace=False) for _ in admins]
    for day in range(days):
        begin = BEGIN_US + day * DAY_US
        times = (dice.random(HOSTS) * DAY_US * 0.4).astype(np.int64) + int(DAY_US * 0.3)
        for number in range(HOSTS):
            src, at = host(number), begin + int(times[number])
            rows.flow(at, src, CONTROLLERS[number % 2], 88)
            rows.flow(at + 1, src, CONTROLLERS[number % 2], 445)
            rows.flow(at + 2, src, FILES, 445)
            if dice.random() < 0.01:
                port = int(dice.choice([3389, 22, 445]))
                rows.flow(at + 3, src, host(int(dice.integers(100, HOSTS))), port)
        for admin, pool in zip(admins, pools, strict=True):
            for target in dice.choice(pool, int(dice.poisson(8)), replace=False):
                at = begin + int((0.35 + 0.3 * dice.random()) * DAY_US)
                kind = int(dice.integers(0, 3))
                if kind == 0:
                    administers(rows, at, admin, host(int(target)))
                else:
                    rows.flow(at, admin, host(int(target)), 3389 if kind == 1 else 5985)
        for number in range(100, 300):
            administers(rows, begin + number * 1_000_000, DISTRIBUTION, host(number))
        for number in range(300, 400):
            rows.more("dcerpc", begin + number * 1_000_000, MONITOR, host(number), 135, endpoint="IRemoteSCMActivator")


def attacks(rows: Rows) -> dict[str, str]:
    """Name to source of each movement."""
    at = BEGIN_US + ATTACK_DAY * DAY_US + int(0.5 * DAY_US)
    made = {"psexec to three": host(700), "winrm to two": host(701), "RPC to one": host(702), "worm": host(703)}
    for n in range(3):
        administers(rows, at + n * 60_000_000, made["psexec to three"], host(900 + n))
    for n in range(2):
        rows.more("http", at, made["winrm to two"], host(910 + n), 5985, method="POST", url="/wsman", status=200)
    rows.flow(at, made["RPC to one"], host(920), 135)
    for n in range(40):
        rows.flow(at + n * 1_000_000, made["worm"], host(1000 + n), 445)
    return made


def innocent(seed: int) -> Tally:
    """The statistics of every host on one ordinary day of such a network, without a past: what a capture shows."""
    rows = Rows()
    ordinary(rows, np.random.default_rng(seed), days=1)
    with window_of(rows.tables(), HOMES) as made:
        return (
            Lateral()
            .candidates(DetectorContext(window=made, terms=Terms(made, lists.shipped)))
            .populations[Lateral.name]
        )


def found(seed: int = 1) -> dict[str, object]:
    """P-value and place of each movement; alerts a day for 10,000 hosts; the baseline's."""
    rows, dice = Rows(), np.random.default_rng(seed)
    ordinary(rows, dice)
    sources = attacks(rows)
    with window_of(rows.tables(), HOMES) as made:
        seen = survey(made, (Lateral(),)).suspicions
        sql = (
            "SELECT count(*) FROM (SELECT src, dst, min(hour) AS hour FROM pair_hour WHERE dst_port IN"
            " (22, 135, 445, 3389, 5900, 5985, 5986) GROUP BY src, dst)"
            f" WHERE hour >= {BEGIN_US // 3_600_000_000 + 24 * KNOWN_DAYS_MIN}"
        )
        plain = int(made.rows(sql)[0][0])
    facts: dict[str, object] = {}
    for name, source in sources.items():
        mine = [(rank, s) for rank, s in enumerate(seen, 1) if s.host == source]
        facts[name] = {"p": round(mine[0][1].p, 5), "place": mine[0][0]} if mine else "not told"
    false = [s for s in seen if s.host not in sources.values()]
    per = 10_000 / HOSTS / DAYS
    for level in (0.05, 0.02, 0.01, 0.005, 0.001):
        facts[f"false alerts a day for 10,000 hosts, p <= {level}"] = round(per * sum(s.p <= level for s in false), 1)
    facts["bar"] = 9
    facts["baseline: every new pair on those ports, a day for 10,000 hosts"] = round(
        plain * 10_000 / HOSTS / (DAYS - KNOWN_DAYS_MIN), 1
    )
    return facts
