"""What the detector `ward` finds and calls wrongly, on wards that are made up: there is no public traffic of hospitals.

    PYTHONPATH=. .venv/bin/python bench/ward.py [--seeds 4] [--days 28] [--json]

A ward is 40 work stations that ask an archive, 20 modalities that ask for their work list and send images, a router
that fetches images ahead each night, three senders of HL7 messages, and what happens in 28 days of any hospital: a new
work station, a new title that images are moved to, a new sender, a migration, a supplier's first remote service, a
contract on teleradiology. All of that is called wrongly where it is called. Each attack is played on the last day, one
at a time.

Baseline in the same run: whoever asks an archive 20 times or more in an hour, and every title, sender and peer outside
that was not there the day before.
"""

import argparse
from collections import Counter

import numpy as np
import pyarrow as pa
from figures import tell

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors.ward import Ward
from bavn.actor.detect.indicators.lists import Lists
from bavn.actor.detect.terms import Terms
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import ARROW
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.record import TABLES, address_uuid

BEGIN_US = 1_790_035_200_000_000 // DAY_US * DAY_US
HOMES = ("10.0.0.0/8",)
PACS, ROUTER, ENGINE = "10.0.1.30", "10.0.1.31", "10.0.1.40"
OUTSIDE = "45.9.150.9"
STATIONS, MODALITIES, SENDERS = 40, 20, 3
ATTACKS = ("sweep", "everybody", "move", "sender", "leaves", "caller")
P_CALLED = 1e-3


class MadeWard:
    """Rows of a ward, day by day."""

    def __init__(self, seed, days):
        self.dice = np.random.default_rng(seed)
        self.days = days
        self.rows = []
        self.flows = []

    def ask(self, at_us, src, dst, operation, *, requests=1, wide=0, service="dicom", destination=None):
        self.rows.append((int(at_us), src, dst, service, operation, requests, wide, destination))

    def usual(self):
        dice, days = self.dice, self.days
        begins = {f"10.0.7.{n}": 0 for n in range(1, STATIONS + 1)}
        for day in range(3, days, 10):
            begins[f"10.0.7.{100 + day}"] = day
        for day in range(days):
            midnight = BEGIN_US + day * DAY_US
            for station, first in begins.items():
                if day < first:
                    continue
                for hour in range(7, 17):
                    busy = 12 if dice.random() < 0.05 else 4
                    for at in dice.integers(0, HOUR_US, dice.poisson(busy)):
                        self.ask(midnight + hour * HOUR_US + at, station, PACS, "C-FIND")
                if dice.random() < 0.5:
                    self.ask(midnight + 9 * HOUR_US, station, PACS, "C-MOVE", destination=f"WS{station}")
            for number in range(MODALITIES):
                for at in range(7 * 6, 17 * 6):
                    self.ask(midnight + at * HOUR_US // 6 + number, f"10.0.8.{number + 1}", PACS, "C-FIND")
                for at in dice.integers(8 * HOUR_US, 16 * HOUR_US, 10):
                    self.ask(midnight + at, f"10.0.8.{number + 1}", PACS, "C-STORE", requests=30)
            self.ask(midnight + 3 * HOUR_US, ROUTER, PACS, "C-FIND", requests=int(dice.integers(200, 400)))
            for sender in range(SENDERS):
                for hour in range(24):
                    self.ask(
                        midnight + hour * HOUR_US, f"10.0.2.{sender + 1}", ENGINE, "ADT^A08", requests=9, service="hl7"
                    )
            if day >= days // 2:
                self.ask(midnight + 12 * HOUR_US, PACS, "91.0.0.9", "C-STORE", requests=9)
        late = BEGIN_US + (days - 6) * DAY_US
        self.ask(late, "10.0.7.4", PACS, "C-MOVE", destination="NEWROOM")
        self.ask(late + DAY_US, "10.0.2.9", ENGINE, "ORU^R01", service="hl7")
        for day in range(2):
            self.ask(late + (2 + day) * DAY_US, "10.0.1.60", PACS, "C-FIND", requests=2000)
        self.flows.append((late + 3 * DAY_US, "10.0.8.5", "91.0.0.77"))

    def attack(self, kind):
        at = BEGIN_US + (self.days - 1) * DAY_US + 13 * HOUR_US
        if kind == "sweep":
            for turn in range(50):
                self.ask(at + turn * 60_000_000, "10.0.7.66", PACS, "C-FIND", requests=4)
        elif kind == "everybody":
            self.ask(at, "10.0.7.9", PACS, "C-FIND", requests=4, wide=4)
        elif kind == "move":
            self.ask(at, "10.0.7.9", PACS, "C-MOVE", destination="LAPTOP")
        elif kind == "sender":
            self.ask(at, "10.0.7.66", ENGINE, "ADT^A08", service="hl7")
        elif kind == "leaves":
            self.ask(at, PACS, OUTSIDE, "C-STORE", requests=40)
        else:
            self.flows.append((at, "10.0.8.9", OUTSIDE))

    def tables(self):
        made = {"clinical": _clinical(sorted(self.rows, key=lambda row: row[:3]))}
        if self.flows:
            made["flow"] = _flows(sorted(self.flows))
        return made


def _table(name, count, values):
    columns = []
    for column in TABLES[name]:
        kind = ARROW[column.type]
        given = values.get(column.name)
        columns.append(pa.nulls(count, kind) if given is None else _column(column, kind, given))
    return pa.Table.from_arrays(columns, schema=pa.schema([(c.name, ARROW[c.type]) for c in TABLES[name]]))


def _column(column, kind, given):
    if column.type == "UUID":
        return pa.ExtensionArray.from_storage(
            pa.uuid(), pa.array([address_uuid(x).bytes for x in given], pa.binary(16))
        )
    if column.type == "TIMESTAMP":
        return pa.array(given, pa.int64()).cast(kind)
    return pa.array(given).cast(kind)


def _clinical(rows):
    at, src, dst, service, operation, requests, wide, destination = (list(part) for part in zip(*rows, strict=True))
    count = len(rows)
    values = {"ts": at, "sensor": ["s"] * count, "src": src, "dst": dst, "src_port": [50000] * count}
    values |= {"dst_port": [104] * count, "proto": ["tcp"] * count, "flow_id": [0] * count, "service": service}
    values |= {"operation": operation, "requests": requests, "wide": wide, "destination": destination}
    return _table("clinical", count, values | {"accepted": [True] * count})


def _flows(flows):
    at, src, dst = (list(part) for part in zip(*flows, strict=True))
    count = len(flows)
    values = {"ts": at, "ts_end": at, "sensor": ["s"] * count, "src": src, "dst": dst, "src_port": [50000] * count}
    values |= {"dst_port": [443] * count, "proto": ["tcp"] * count, "flow_id": [0] * count}
    return _table("flow", count, values | {"failed": [False] * count, "bytes_toserver": [900] * count})


def found(ward):
    """Each story that the detector tells over the whole span: (kind, device, peer) -> p; and the device-days."""
    with ColumnStore.temporary(homes=HOMES) as store:
        for name, table in ward.tables().items():
            store.append("bench", name, {name: table})
        span = BEGIN_US, BEGIN_US + ward.days * DAY_US
        with store.window(*span) as window:
            terms = Terms(window, Lists)
            candidates = Ward().candidates(DetectorContext(window=window, terms=terms)).candidates
    devices = {(end, (at - BEGIN_US) // DAY_US) for at, *ends, _, _, _, _, _ in ward.rows for end in ends}
    return {c.story: c.exact_p for c in candidates}, sum(end.startswith("10.") for end, _ in devices)


def baseline(ward):
    """Stories of the plain rule."""
    told, seen, hours = set(), set(), Counter()
    for at, src, dst, service, operation, requests, _, destination in sorted(ward.rows, key=lambda row: row[:3]):
        day = (at - BEGIN_US) // DAY_US
        if operation == "C-FIND":
            hours[src, at // HOUR_US] += requests
            if hours[src, at // HOUR_US] >= 20:
                told.add(("asks", src))
        for new in (("title", destination), ("sender", src, dst) if service == "hl7" else ("title", None)):
            if new[1] is not None and new not in seen and day:
                told.add(new)
            seen.add(new)
        if dst.startswith(("45.", "91.")):
            told.add(("outside", src, dst))
    return told | {("outside", src, dst) for _, src, dst in ward.flows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    wrong = weak = plain = device_days = 0
    hits = {kind: [] for kind in ATTACKS}
    for seed in range(asked.seeds):
        calm = MadeWard(seed, asked.days)
        calm.usual()
        stories, days = found(calm)
        device_days += days
        wrong += sum(p <= P_CALLED for p in stories.values())
        weak += len(stories)
        plain += len(baseline(calm))
        for kind in ATTACKS:
            ward = MadeWard(seed, asked.days)
            ward.usual()
            ward.attack(kind)
            hits[kind] += [p for story, p in found(ward)[0].items() if story not in stories][:1]
    figures = {
        "device_days": device_days,
        "wrong_per_1000_device_days": round(1000 * wrong / device_days, 2),
        "told_at_all_per_1000_device_days": round(1000 * weak / device_days, 2),
        "plain_rule_per_1000_device_days": round(1000 * plain / device_days, 2),
    }
    for kind, p in hits.items():
        figures[f"found_{kind}"] = f"{len(p)} of {asked.seeds}, p {np.median(p):.4f}" if p else f"0 of {asked.seeds}"
    tell(figures, as_json=asked.json)


if __name__ == "__main__":
    main()
