"""What the detector `ward` finds and calls wrongly, on wards that are made up: there is no public traffic of hospitals.

    PYTHONPATH=. .venv/bin/python bench/ward.py [--set fit|choose|test] [--change 1] [--json]

A ward is 8 to 90 work stations that ask an archive, half as many modalities that ask for their work list (some of them
after everybody) and send images, often a router that fetches images ahead each night, and senders of HL7 messages. Its
addresses are tidy (a network for each kind), flat (all in two) or by department. In 28 days happens what happens in any
hospital, by chance and as often as RATES says, times ``--change``; all of that is called wrongly where it is called.
It is played forward by day: a story counts once if its p was small at the end of any day. Each attack is played on the
last day, one at a time.

Constants of the detector were tried on the seeds of ``fit``, chosen on those of ``choose``, and looked at on ``test``
once. Baseline in the same run: whoever asks an archive 20 times or more in an hour, and every title, sender and peer
outside that was not there the day before.
"""

import argparse
from collections import Counter

import numpy as np
import pyarrow as pa
from figures import tell

from bavn.actor.detect.base import DetectorContext
from bavn.actor.detect.detectors import ward as detector
from bavn.actor.detect.indicators.lists import Lists
from bavn.actor.detect.terms import Terms
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.intake import ARROW
from bavn.model.moment import DAY_US, HOUR_US
from bavn.model.record import TABLES, address_uuid

BEGIN_US = 1_790_035_200_000_000 // DAY_US * DAY_US
DAYS = 28
HOMES = ("10.0.0.0/8",)
PACS, ENGINE = "10.0.1.30", "10.0.1.40"
OUTSIDE = "45.9.150.9"
P_TOLD = 0.05
SETS = {"fit": range(8), "choose": range(100, 108), "test": range(1000, 1012)}
LAYOUTS = ("tidy", "flat", "departments")
RATES = {
    "work station": (0, 1 / 15),
    "modality": (0, 1 / 15),
    "title": (0.5, 1 / 80),
    "title elsewhere": (0.1, 1 / 400),
    "sender": (0.5, 0),
    "sender elsewhere": (0.2, 0),
    "sender replaced": (0.2, 0),
    "router": (0.3, 0),
    "migration": (0.3, 0),
    "research": (0.2, 0),
    "long list": (0, 1 / 100),
    "remote service": (0.7, 0),
    "update": (0.5, 0),
    "teleradiology": (0.3, 0),
}
"""How often each happens in 28 days: in any ward, and for each work station or modality."""
ATTACKS = (
    "sweep",
    "sweep by a work station",
    "sweep from beside the archive",
    "carried off",
    "everybody",
    "move",
    "move to beside work stations",
    "sender",
    "sender beside senders",
    "leaves",
    "asked from outside",
    "caller",
)


class MadeWard:
    """Rows of a ward, day by day. ``causes``: which change an address belongs to."""

    def __init__(self, seed, change):
        self.dice = np.random.default_rng(seed)
        self.change = change
        self.rows = []
        self.flows = []
        self.causes = {}
        self.layout = LAYOUTS[seed % len(LAYOUTS)]
        self.taken = Counter()
        self.many = int(self.dice.choice([8, 20, 40, 90]))
        self.stations = [self.place("station") for _ in range(self.many)]
        self.modalities = [self.place("modality") for _ in range(self.many // 2)]
        self.senders = [self.place("sender") for _ in range(int(self.dice.integers(1, 6)))]
        self.router = "10.0.1.31" if self.dice.random() < 0.6 else None
        self.wide = set(self.modalities[:: int(self.dice.integers(3, 8))]) if self.dice.random() < 0.5 else set()

    def place(self, kind):
        """A new address for a machine of a kind."""
        network = {"station": 7, "modality": 8, "sender": 2, "server": 1, "office": 9}[kind]
        if kind in ("station", "modality", "sender"):
            if self.layout == "flat":
                network = 7 + int(self.dice.integers(2))
            elif self.layout == "departments" and kind != "sender":
                network = 20 + int(self.dice.integers(1 + self.many // 8))
        self.taken[network] += 1
        return f"10.0.{network}.{self.taken[network] + 60}"

    def ask(self, at_us, src, dst, operation, *, requests=1, wide=0, service="dicom", title=None):
        self.rows.append((int(at_us), src, dst, service, operation, int(requests), int(wide), title))

    def move(self, at_us, src, title, to, *, requests=1):
        """Images asked for under a title, and the archive sends them there."""
        self.ask(at_us, src, PACS, "C-MOVE", requests=requests, title=title)
        self.ask(at_us + 1_000_000, PACS, to, "C-STORE", requests=requests * 3, title=title)

    def usual(self):
        for station in self.stations:
            self.works(station, 0)
        for modality in self.modalities:
            self.images(modality, 0, wide=modality in self.wide)
        for sender in self.senders:
            self.sends(sender, 0)
        if self.router:
            self.fetches(self.router, 0)
        self.services()
        for kind, (each, by_size) in RATES.items():
            for _ in range(self.dice.poisson(self.change * (each + by_size * self.many))):
                self.changed(kind, int(self.dice.integers(1, DAYS)))

    def works(self, station, first):
        dice, pace = self.dice, float(np.exp(self.dice.normal(1.2, 0.7)))
        for day in range(first, DAYS):
            hours = range(7, 17) if day % 7 < 5 else range(9, 13) if dice.random() < 0.2 else ()
            for hour in hours:
                at = BEGIN_US + day * DAY_US + hour * HOUR_US
                asked = dice.poisson(pace * (3 if dice.random() < 0.05 else 1))
                if asked:
                    self.ask(at + dice.integers(HOUR_US), station, PACS, "C-FIND", requests=asked)
                if dice.random() < 0.15:
                    self.move(at + dice.integers(HOUR_US), station, f"WS{station}", station)

    def images(self, modality, first, *, wide):
        for day in range(first, DAYS):
            for hour in range(7, 17):
                at = BEGIN_US + day * DAY_US + hour * HOUR_US
                self.ask(at, modality, PACS, "C-FIND", requests=6, wide=6 if wide else 0)
                if self.dice.random() < 0.6:
                    self.ask(at + self.dice.integers(HOUR_US), modality, PACS, "C-STORE", requests=30)

    def sends(self, sender, first, last=DAYS):
        pace = int(self.dice.integers(2, 40))
        for day in range(first, last):
            for hour in range(24):
                at = BEGIN_US + day * DAY_US + hour * HOUR_US
                self.ask(at, sender, ENGINE, "ADT^A08", requests=1 + self.dice.poisson(pace), service="hl7")

    def fetches(self, router, first):
        for day in range(first, DAYS):
            at = BEGIN_US + day * DAY_US + 3 * HOUR_US
            self.ask(at, router, PACS, "C-FIND", requests=self.dice.integers(200, 400))

    def services(self):
        """Half of the work stations call one place outside for updates."""
        for station in self.stations[::2]:
            for day in range(0, DAYS, 3):
                self.flows.append((BEGIN_US + day * DAY_US + 8 * HOUR_US, station, "91.0.0.20"))

    def changed(self, kind, day):
        dice, at = self.dice, BEGIN_US + day * DAY_US + 10 * HOUR_US
        someone = self.stations[int(dice.integers(len(self.stations)))]
        device = self.modalities[int(dice.integers(len(self.modalities)))]
        if kind == "work station":
            self.works(self.caused(self.place("station"), kind), day)
        elif kind == "modality":
            self.images(self.caused(self.place("modality"), kind), day, wide=bool(self.wide) and dice.random() < 0.3)
        elif kind.startswith("title"):
            to = self.place("office" if kind.endswith("elsewhere") else "station")
            for later in range(0, DAYS - day, 2):
                self.move(at + later * DAY_US, self.caused(someone, kind), f"ROOM{to}", to)
        elif kind == "sender replaced":
            new = self.caused(self.place("sender"), kind)
            self.rows = [
                (*row[:1], new, *row[2:]) if row[1] == self.senders[0] and row[0] >= at else row for row in self.rows
            ]
        elif kind.startswith("sender"):
            self.sends(self.caused(self.place("modality" if kind.endswith("elsewhere") else "sender"), kind), day)
        elif kind == "router":
            self.fetches(self.caused(self.place("server"), kind), day)
        elif kind == "migration":
            mover = self.caused(self.place("server"), kind)
            for night in range(2):
                for hour in range(6):
                    at_night = at + (night * 24 + 10 + hour) * HOUR_US
                    self.ask(at_night, mover, PACS, "C-FIND", requests=dice.integers(1000, 4000))
        elif kind == "research":
            self.move(at, self.caused(someone, kind), f"WS{someone}", someone, requests=dice.integers(100, 400))
        elif kind == "long list":
            self.ask(at, self.caused(someone, kind), PACS, "C-FIND", requests=dice.integers(60, 150))
        elif kind == "remote service":
            peer = f"91.0.1.{dice.integers(1, 250)}"
            for later in range(int(dice.integers(1, 5))):
                device = self.modalities[int(dice.integers(len(self.modalities)))]
                self.flows.append((at + 2 * later * DAY_US, self.caused(device, kind), peer))
        elif kind == "update":
            self.flows.append((at, self.caused(device, kind), "91.0.0.20"))
        else:
            partner = f"91.0.2.{dice.integers(1, 250)}"
            for later in range(DAYS - day):
                self.ask(at + later * DAY_US, PACS, self.caused(partner, kind), "C-STORE", requests=9)

    def caused(self, address, kind):
        self.causes[address] = kind
        return address

    def attack(self, kind):
        at = BEGIN_US + (DAYS - 1) * DAY_US + 13 * HOUR_US
        station, stranger = self.stations[-1], self.place("station")
        if kind in ("sweep", "sweep from beside the archive"):
            source = stranger if kind == "sweep" else self.place("server")
            for turn in range(50):
                self.ask(at + turn * 60_000_000, source, PACS, "C-FIND", requests=4)
        elif kind == "sweep by a work station":
            self.ask(at, station, PACS, "C-FIND", requests=300)
        elif kind == "carried off":
            self.move(at, station, f"WS{station}", station, requests=300)
        elif kind == "everybody":
            self.ask(at, station, PACS, "C-FIND", requests=4, wide=4)
        elif kind.startswith("move"):
            self.move(at, station, "LAPTOP", self.place("office") if kind == "move" else stranger)
        elif kind.startswith("sender"):
            source = station if kind == "sender" else self.place("sender")
            self.ask(at, source, ENGINE, "ADT^A08", service="hl7")
        elif kind == "leaves":
            self.ask(at, PACS, OUTSIDE, "C-STORE", requests=40)
        elif kind == "asked from outside":
            self.ask(at, OUTSIDE, PACS, "C-FIND", requests=2)
        else:
            self.flows.append((at, self.modalities[-1], OUTSIDE))

    def tables(self):
        end_us = BEGIN_US + DAYS * DAY_US
        made = {"clinical": _clinical(sorted((row for row in self.rows if row[0] < end_us), key=lambda row: row[:3]))}
        flows = sorted(flow for flow in self.flows if flow[0] < end_us)
        return made | ({"flow": _flows(flows)} if flows else {})


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
    at, src, dst, service, operation, requests, wide, title = (list(part) for part in zip(*rows, strict=True))
    count = len(rows)
    values = {"ts": at, "sensor": ["s"] * count, "src": src, "dst": dst, "src_port": [50000] * count}
    values |= {"dst_port": [104] * count, "proto": ["tcp"] * count, "flow_id": [0] * count, "service": service}
    values |= {"operation": operation, "requests": requests, "wide": wide, "called": title}
    moves = [name if kind == "C-MOVE" else None for name, kind in zip(title, operation, strict=True)]
    return _table("clinical", count, values | {"destination": moves, "accepted": [True] * count})


def _flows(flows):
    at, src, dst = (list(part) for part in zip(*flows, strict=True))
    count = len(flows)
    values = {"ts": at, "ts_end": at, "sensor": ["s"] * count, "src": src, "dst": dst, "src_port": [50000] * count}
    values |= {"dst_port": [443] * count, "proto": ["tcp"] * count, "flow_id": [0] * count}
    return _table("flow", count, values | {"failed": [False] * count, "bytes_toserver": [900] * count})


def told(ward, days):
    """Each story that is told at the end of any of these days: its text -> the smallest p."""
    found = {}
    with ColumnStore.temporary(homes=HOMES) as store:
        for name, table in ward.tables().items():
            store.append("bench", name, {name: table})
        for day in days:
            ends = BEGIN_US + (day + 1) * DAY_US
            with store.window(ends - DAY_US, ends) as window, store.window(BEGIN_US, ends) as past:
                context = DetectorContext(window=window, terms=Terms(window, Lists.of, past))
                for candidate in detector.Ward().candidates(context).candidates:
                    found[candidate.story] = min(found.get(candidate.story, 1.0), candidate.exact_p)
    return found


def baseline(ward):
    """Stories of the plain rule."""
    stories, seen, hours = set(), set(), Counter()
    for at, src, dst, service, operation, requests, _, title in sorted(ward.rows, key=lambda row: row[:3]):
        day = (at - BEGIN_US) // DAY_US
        if operation == "C-FIND":
            hours[src, at // HOUR_US] += requests
            if hours[src, at // HOUR_US] >= 20:
                stories.add(("asks", src))
        moved_to = title if operation == "C-MOVE" else None
        for new in (("title", moved_to), ("sender", src, dst) if service == "hl7" else ("title", None)):
            if new[1] is not None and new not in seen and day:
                stories.add(new)
            seen.add(new)
        if dst.startswith(("45.", "91.")):
            stories.add(("outside", src, dst))
    return stories | {("outside", src, dst) for _, src, dst in ward.flows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--set", choices=SETS, default="fit")
    parser.add_argument("--change", type=float, default=1.0)
    parser.add_argument("--calm", action="store_true", help="no attacks")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    seeds = SETS[asked.set]
    plain = device_days = at_all = 0
    wrong, happened = Counter(), Counter()
    hits = {kind: [] for kind in ATTACKS}
    for seed in seeds:
        calm = MadeWard(seed, asked.change)
        calm.usual()
        ends = {(end, (at - BEGIN_US) // DAY_US) for at, *ends, _, _, _, _, _ in calm.rows for end in ends}
        device_days += sum(end.startswith("10.") for end, _ in ends)
        happened.update(calm.causes.values())
        stories = told(calm, range(DAYS))
        at_all += len(stories)
        plain += len(baseline(calm))
        for story, p in stories.items():
            if p <= P_TOLD:
                kind, device, peer = story.split()
                wrong[f"{kind}: {calm.causes.get(device) or calm.causes.get(peer) or 'nothing changed'}"] += 1
        for kind in () if asked.calm else ATTACKS:
            ward = MadeWard(seed, asked.change)
            ward.usual()
            ward.attack(kind)
            hits[kind] += [p for story, p in told(ward, [DAYS - 1]).items() if story not in stories and p <= P_TOLD][:1]
    per_1000 = 1000 / device_days
    figures = {
        "device_days": device_days,
        "wrong_per_1000_device_days": round(sum(wrong.values()) * per_1000, 2),
        "told_at_all_per_1000_device_days": round(at_all * per_1000, 2),
        "plain_rule_per_1000_device_days": round(plain * per_1000, 2),
        "happened": dict(sorted(happened.items())),
        "wrong": dict(sorted(wrong.items())),
        "found": {
            kind: f"{len(p)} of {len(seeds)}" + (f", p {np.median(p):.4f}" if p else "") for kind, p in hits.items()
        },
    }
    tell(figures, as_json=asked.json)


if __name__ == "__main__":
    main()
