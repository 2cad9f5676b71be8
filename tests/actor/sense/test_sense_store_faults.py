"""A store that takes nothing at random moments, a node that dies, a disk that is full: no mark passes over what was not
kept. Rows in = rows kept + refused + lost and told, for every source."""

import importlib
import inspect
import json
import pkgutil
import random
from types import SimpleNamespace

import pytest
from collecting import BOOT_MS, NOW_MS, Collecting
from exporters import answered, flow_sample, sflow, v5
from exporters import frame as ether
from making_zeek import CONN, tsv
from test_sense_dnstap import frame, story
from test_sense_kex_folder import HEAD, answer, hello

import bavn.actor.sense
from bavn.actor.formats import lines
from bavn.actor.sense import reading, spool
from bavn.actor.sense.account import Account
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.canary import CanarySource, Wanted
from bavn.actor.sense.dnstap.receiver import DnstapReceiver
from bavn.actor.sense.flows.spool import DATAGRAM, SLOT_US, TICK, Frame, SpoolWriter
from bavn.actor.sense.handshakes.folder import KexFolder
from bavn.actor.sense.logs.files import FollowedLog
from bavn.actor.sense.spool import Item, Spool, sender_bytes
from bavn.actor.sense.suricata import captures
from bavn.actor.sense.suricata import live as suricata_live
from bavn.actor.sense.suricata.captures import CaptureFolder
from bavn.actor.sense.suricata.config import SuricataConfig
from bavn.actor.sense.suricata.eve_file import EveFile
from bavn.actor.sense.suricata.live import SuricataLive
from bavn.actor.sense.suricata.run import Run
from bavn.actor.sense.syslog.admission import SyslogSettings
from bavn.actor.sense.syslog.receiver import SyslogAddresses, SyslogReceiver, SyslogTiming
from bavn.actor.sense.turn import SourceTurn
from bavn.actor.sense.zeek.folder import ZeekFolder
from bavn.model.failure import NoContainment

COUNT = 48


class Full(OSError):
    """No space left on device."""


class FlakyStore:
    """Keeps what it is given once for each mark, as the store does; fails before or after at random moments."""

    def __init__(self, seed):
        self.chance, self.dice = 0.4, random.Random(seed)
        self.marks, self.rows, self.calls = {}, 0, 0

    def append(self, source, mark, tables):
        self.calls += 1
        before, after = self.dice.random() < self.chance / 2, self.dice.random() < self.chance / 2
        if before:
            raise Full(28, "No space left on device")
        kept = 0
        if self.marks.get(source) != mark:
            kept = sum(table.num_rows for table in tables.values())
            self.marks[source] = mark
            self.rows += kept
        if after:
            raise Full(28, "No space left on device")
        return kept

    def mark(self, source):
        return self.marks.get(source)


def event(n):
    return json.dumps(
        {
            "timestamp": "2026-11-24T17:00:00.123456+0100",
            "flow_id": n,
            "event_type": "dns",
            "src_ip": "10.0.0.1",
            "src_port": 4000,
            "dest_ip": "192.0.2.7",
            "dest_port": 53,
            "proto": "UDP",
            "dns": {"type": "query", "rrname": f"h{n}.example.com", "rrtype": "A"},
        }
    )


class Fed:
    """A source with a real input of COUNT lines, some of them refused. ``make``: anew, from the store's mark."""

    restarts = True

    def __init__(self, folder, engine, monkeypatch):
        self.folder, self.engine, self.monkeypatch = folder, engine, monkeypatch
        self.prepare()

    def prepare(self):
        pass

    def feed(self):
        """Some more of the input; called between two looks."""


class Eve(Fed):
    kind, lines = EveFile, COUNT

    def prepare(self):
        half = [event(n) if n % 7 else "no JSON" for n in range(COUNT)]
        (self.folder / "eve.json").write_text("\n".join(half[: COUNT // 2]) + "\n")
        self.rest = half[COUNT // 2 :]

    def make(self, mark):
        return EveFile(name="s", sensor="x", path=self.folder / "eve.json", mark=mark, engine=self.engine)

    def feed(self):
        if self.rest:
            (self.folder / "eve.json").rename(self.folder / "eve.json.1")
            (self.folder / "eve.json").write_text("\n".join(self.rest) + "\n")
            self.rest = []


class Live(Fed):
    kind, lines = SuricataLive, COUNT

    def prepare(self):
        self.monkeypatch.setattr(SuricataLive, "_watched", lambda _: None)
        self.monkeypatch.setattr(suricata_live, "FREE_BYTES_MIN", 0)
        work = self.folder / "suricata"
        work.mkdir()
        (work / "eve.json.000001").write_text("".join(f"{event(n)}\n" for n in range(COUNT // 2)))
        (work / "eve.json").write_text("".join(f"{event(n)}\n" for n in range(COUNT // 2, COUNT)))

    def make(self, mark):
        return SuricataLive(
            name="s", sensor="x", interface="lo", folder=self.folder / "suricata", mark=mark, engine=self.engine
        )


class Log(Fed):
    kind, lines = FollowedLog, COUNT

    def prepare(self):
        one = "Nov 25 00:34:19 dns1 dnsmasq[1]: query[A] host%d.example.com from 10.0.0.1\n"
        (self.folder / "dns.log").write_text("".join(one % n for n in range(COUNT)))

    def make(self, mark):
        return FollowedLog(
            name="s",
            sensor="x",
            path=self.folder / "dns.log",
            now_us=lambda: 1_795_608_000_000_000,
            form="dnsmasq",
            mark=mark,
            engine=self.engine,
            gather_s=0.0,
        )


class Zeek(Fed):
    kind = ZeekFolder

    def prepare(self):
        raw = tsv("conn", [{**CONN, "uid": f"C{n}", "id.orig_p": str(n) if n % 9 else "port"} for n in range(COUNT)])
        (self.folder / "zeek").mkdir()
        (self.folder / "zeek" / "conn.log").write_bytes(raw)
        self.lines = raw.count(b"\n")

    def make(self, mark):
        return ZeekFolder(name="s", sensor="x", folder=self.folder / "zeek", mark=mark, engine=self.engine)


class Caps(Fed):
    kind = CaptureFolder
    lines = COUNT + 3

    def prepare(self):
        (self.folder / "caps").mkdir()
        for name in "abc":
            (self.folder / "caps" / f"{name}.pcap").write_bytes(HEAD + hello(1000, 1, "a.dk") + answer(1000, 1))

        def run_over(capture, work, _):
            work.mkdir(parents=True, exist_ok=True)
            (work / "eve.json").write_text("".join(f"{event(n)}\n" for n in range(COUNT // 3)))
            return Run(work / "eve.json", None)

        self.monkeypatch.setattr(captures, "run_over", run_over)

    def make(self, mark):
        return CaptureFolder(
            name="s",
            sensor="x",
            folder=self.folder / "caps",
            work=self.folder / "work",
            config=SuricataConfig(homes=("10.0.0.0/8",)),
            mark=mark,
            engine=self.engine,
        )


class Ring(Fed):
    kind, lines = KexFolder, 6

    def prepare(self):
        (self.folder / "ring").mkdir()
        for n in range(6):
            capture = HEAD + hello(1000 + n, 1 + n, "a.dk") + answer(1000 + n, 1 + n)
            (self.folder / "ring" / f"{n}.pcap").write_bytes(capture)

    def make(self, mark):
        return KexFolder(name="s", sensor="x", folder=self.folder / "ring", mark=mark)


class Syslog(Fed):
    kind, lines = SyslogReceiver, COUNT

    def prepare(self):
        one = b"<30>Nov 25 00:34:19 dns1 dnsmasq[1]: query[A] host%d.example.com from 10.0.0.%d"
        filled = Spool(self.folder / "spool", None, bytes_max=1 << 30, segment_bytes=1500)
        for n in range(COUNT):
            message = one % (n, n) if n % 8 else b"something else"
            assert filled.put([Item(1_795_608_000_000_000, sender_bytes("10.0.0.9"), 0, 0, message)]) == 1
        filled.close()

    def make(self, mark):
        return SyslogReceiver(
            name="s",
            sensor="x",
            folder=self.folder / "spool",
            settings=SyslogSettings(senders=()),
            at=SyslogAddresses(listen={}),
            timing=SyslogTiming(now_us=lambda: 1_795_608_000_000_000, gather_s=0.0),
            mark=mark,
            engine=self.engine,
        )


class Flows(Fed):
    """NetFlow and sFlow are the same class."""

    made = None

    def make(self, mark):
        if self.made is None:
            self.made = Collecting(self.folder / self.protocol, self.engine, self.protocol)
            for n in range(12):
                self.made.send(self.datagram(n), after_s=20).turn()
            self.made.turn(10)
        self.made.mark = mark
        self.made.again()
        return self.made.source


class Dnstap(Fed):
    kind, lines = DnstapReceiver, COUNT

    def prepare(self):
        filled = SpoolWriter(self.folder / "tap", 1 << 30)
        asked, _ = story()[:2]
        wire = frame(5, asked)[4:] if isinstance(asked, bytes) else frame(5, asked.to_wire())[4:]
        at_us = 1_795_608_000_000_000
        for n in range(COUNT):
            at_us += SLOT_US // 6
            filled.write([Frame(DATAGRAM, at_us, bytes(16), wire if n % 8 else b"none")])
        filled.write([Frame(TICK, at_us + 2 * SLOT_US, bytes(16))])
        filled.close()

    def make(self, mark):
        made = DnstapReceiver(
            name="s",
            sensor="x",
            listen="127.0.0.1:1",
            senders=("127.0.0.0/8",),
            folder=self.folder / "tap",
            clock=None,
            mark=mark,
        )
        made._ears = SimpleNamespace(
            failure=None, close=lambda: None, queue_full=0, received=0, streams=SimpleNamespace(connections=0)
        )
        return made


class Canaries(Fed):
    kind, lines = CanarySource, 3
    day = 0

    def make(self, _):
        def kept(wanted):
            self.day = wanted.day + 1

        return CanarySource(lambda: Wanted(self.day, 1) if self.day < 3 else None, lambda: 1, kept)


FED = (Eve, Live, Log, Zeek, Caps, Ring, Syslog, Dnstap, Canaries)


def test_every_source_is_fed() -> None:
    kinds = set()
    for module in pkgutil.walk_packages(bavn.actor.sense.__path__, "bavn.actor.sense."):
        file = importlib.import_module(module.name)
        for _, kind in inspect.getmembers(file, inspect.isclass):
            own = kind.__module__ == file.__name__ and not getattr(kind, "_is_protocol", False)
            if own and all(hasattr(kind, name) for name in ("poll", "acknowledge", "lag_bytes")):
                kinds.add(kind.__name__)
    assert kinds == {fed.kind.__name__ for fed in FED} | {"FlowCollector"}, "FlowCollector: by protocol, below"


@pytest.fixture
def small(monkeypatch):
    """Many small batches of each source."""
    monkeypatch.setattr(reading, "SEGMENT_BYTES_MAX", 3072)
    monkeypatch.setattr(lines, "LINES_MAX", 8)
    monkeypatch.setattr(spool, "READ_BYTES_MAX", 700)


def run(fed, store, *, die=lambda: False, looks=400):
    """Looks until there is nothing more; how many lines, and how many were lost and told, by the accounts."""
    lines_in = lost = quiet = 0
    turn = None
    for _ in range(looks):
        if turn is None:
            account = Account(fed.make(store.mark("s")), 0)
            turn = SourceTurn(account, store, SimpleNamespace(now_us=lambda: 0), NoContainment())
        batches = 0
        try:
            batches = turn.read(3, lambda: False)
            quiet = 0 if batches else quiet + 1
        except OSError:
            quiet = 0
        except SourceBroken as error:
            raise AssertionError(error) from error
        if die():
            turn.account.source.close()
            turn = None
        fed.feed()
        if quiet > 4 and turn is not None:
            break
    else:
        raise AssertionError("it never came to its end")
    account = turn.account
    lines_in = account.rows + account.passed + account.refused
    lost = sum(loss.count for loss in account.figures().losses if loss.unit in ("lines", "records", "messages"))
    account.source.close()
    return lines_in, lost


@pytest.mark.slow
@pytest.mark.parametrize("kind", FED, ids=lambda kind: kind.__name__)
def test_rows_in_are_rows_kept_refused_or_told_lost(kind, tmp_path, engine, monkeypatch, small) -> None:
    for seed in (1,):
        folder = tmp_path / str(seed)
        folder.mkdir()
        store = FlakyStore(seed)
        fed = kind(folder, engine, monkeypatch)
        lines_in, lost = run(fed, store)
        assert lines_in + lost == fed.lines, seed
        assert lost == 0
        assert store.calls > fed.lines // 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", FED, ids=lambda kind: kind.__name__)
def test_whenever_the_node_dies_the_store_has_each_row_once(kind, tmp_path, engine, monkeypatch, small) -> None:
    rows = set()
    for seed in (0, 3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        store, dice = FlakyStore(seed), random.Random(seed)
        if seed == 0:
            store.chance = 0.0
        fed = kind(folder, engine, monkeypatch)
        dies = iter([seed > 0 and dice.random() < 0.3 for _ in range(60)])
        run(fed, store, die=lambda dies=dies: next(dies, False), looks=800)
        rows.add(store.rows)
    assert len(rows) == 1
    assert rows.pop() > 0


class Netflow(Flows):
    protocol = "netflow"

    def datagram(self, n):
        flows = answered("10.1.0.5", "203.0.113.9", 1000 + n, 443, at_ms=NOW_MS + 20_000 * n - 2000)
        return v5(flows, boot_ms=BOOT_MS, now_ms=NOW_MS + 20_000 * n, sequence=n * len(flows))


class Sflow(Flows):
    protocol = "sflow"

    def datagram(self, n):
        from exporters import one

        made = one("10.1.0.5", "203.0.113.9", 1000 + n, 443)
        return sflow([flow_sample(ether(made))], sequence=n)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Netflow, Sflow])
def test_flow_records_survive_the_store_the_states_disk_and_the_node(kind, tmp_path, engine, monkeypatch) -> None:
    """Steps that were read while the state beside the spool could not be written are given when it can."""
    from bavn.actor.sense.flows.collector import FlowCollector

    results = set()
    for seed in (0, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        store, dice = FlakyStore(seed), random.Random(seed)
        store.chance = 0.4 if seed else 0.0
        real = FlowCollector._keep

        def keep(self, real=real, dice=dice, seed=seed):
            if seed and dice.random() < 0.3:
                raise Full(28, "No space left on device")
            real(self)

        with monkeypatch.context() as patched:
            patched.setattr(FlowCollector, "_keep", keep)
            fed = kind(folder, engine, monkeypatch)
            dies = iter([seed == 2 and dice.random() < 0.2 for _ in range(60)])
            store.marks.setdefault("s", None)
            fed.make(None)
            run(_Renamed(fed), store, die=lambda dies=dies: next(dies, False), looks=800)
        results.add(store.rows)
    assert len(results) == 1
    assert results.pop() > 0


class _Renamed:
    """Its source bears the protocol's name."""

    def __init__(self, fed):
        self._fed = fed

    def make(self, mark):
        source = self._fed.make(mark)
        source._name = "s"
        return source

    def feed(self):
        pass


@pytest.mark.slow
def test_a_capture_waits_while_suricata_has_no_place(tmp_path, engine, monkeypatch, small) -> None:
    from bavn.actor.sense.suricata.run import NoPlace

    fed = Caps(tmp_path, engine, monkeypatch)
    works, full = captures.run_over, [True]

    def run_over(*given):
        if full[0]:
            raise NoPlace("no place")
        return works(*given)

    monkeypatch.setattr(captures, "run_over", run_over)
    source = fed.make(None)
    list(source.poll())
    with pytest.raises(SourceBroken, match="no place"):
        list(source.poll())
    full[0] = False
    assert sum(batch.lines for batch in source.poll()) == fed.lines


def test_half_a_frame_hides_nothing_that_is_written_behind_it(tmp_path, monkeypatch) -> None:
    from bavn.actor.sense.flows import spool as flow_spool

    writer = SpoolWriter(tmp_path, 1 << 30)
    writer.write([Frame(DATAGRAM, 1, bytes(16), b"one")])
    real, cut = flow_spool.os.write, [True]

    def write(file, data):
        if cut.pop() if cut else False:
            real(file, bytes(data)[:5])
            raise Full(28, "No space left on device")
        return real(file, data)

    monkeypatch.setattr(flow_spool.os, "write", write)
    with pytest.raises(OSError, match="space"):
        writer.write([Frame(DATAGRAM, 1, bytes(16), b"two")])
    writer.write([Frame(DATAGRAM, 1, bytes(16), b"three"), Frame(TICK, 2 * SLOT_US, bytes(16))])
    steps = list(flow_spool.SpoolReader(tmp_path, flow_spool.Spot(0, 0)).steps())
    assert [frame.data for step in steps for frame in step.frames] == [b"one", b"three"]


def test_a_spool_of_datagrams_that_is_deleted_is_told(tmp_path) -> None:
    from bavn.actor.sense.flows.spool import SpoolReader, Spot

    def put(writer, count, at_us):
        writer.write([Frame(DATAGRAM, at_us, bytes(16), b"x")] * count)
        writer.write([Frame(TICK, at_us + 2 * SLOT_US, bytes(16))])

    old = SpoolWriter(tmp_path, 1 << 30)
    put(old, 7, SLOT_US)
    old.close()
    reader, writer = SpoolReader(tmp_path, Spot(0, 0)), SpoolWriter(tmp_path, 1 << 30)
    reader.written = writer.written
    put(writer, 30, 9 * SLOT_US)
    for path in tmp_path.glob("*.spool"):
        path.unlink()
    put(writer, 5, 20 * SLOT_US)

    def given():
        count = 0
        for step in reader.steps():
            count += sum(frame.kind == DATAGRAM for frame in step.frames)
            reader.done()
        return count

    assert (given(), reader.lost) == (5, 37)
    put(writer, 2, 30 * SLOT_US)
    assert given() == 2
    assert reader.lost == 37


@pytest.mark.parametrize("when", ["before it is written on", "without another word", "with its folder", "cut short"])
def test_a_spool_of_messages_that_is_deleted_is_told(when, tmp_path) -> None:
    import shutil

    folder = tmp_path / "spool"

    def item(n):
        return Item(n, sender_bytes("10.0.0.1"), 0, 0, b"message %d" % n)

    made = Spool(folder, None, bytes_max=1 << 30, segment_bytes=2000)
    made.put([item(n) for n in range(20)])
    (taken,) = made.read()
    assert len(taken.items) == 20
    made.put([item(n) for n in range(4000)])
    if when == "with its folder":
        shutil.rmtree(folder)
    elif when == "cut short":
        for path in folder.glob("*.spool"):
            path.write_bytes(b"")
    else:
        for path in folder.glob("*.spool"):
            path.unlink()
    given = 0
    if when != "without another word":
        assert made.put([item(1), item(2)]) == 2
    for taken in made.read():
        given += len(taken.items)
    expected = 4000 if when == "without another word" else 4002
    assert given + made.deleted_messages == expected
    assert made.deleted_messages >= 4000
    assert made.waiting_bytes() == 0
    made.put([item(7)])
    assert [got.payload for taken in made.read() for got in taken.items] == [b"message 7"]


class Foreseen:
    """Failures are counted; none is raised."""

    def __init__(self):
        self.noted = 0

    def note(self, *_, **__):
        self.noted += 1

    def works(self, _):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Eve, Zeek, Log, Syslog, Ring, Caps], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("often", ["once", "always"])
def test_what_fails_at_one_place_is_tried_again_then_passed_over_and_told(
    kind, often, tmp_path, engine, monkeypatch, small
) -> None:
    """A source whose third batch cannot be made: once, nothing is lost; always, that piece alone is, and it is told."""
    from bavn.actor.sense import turn as turns

    monkeypatch.setattr(turns, "AGAIN_S", 0)
    monkeypatch.setattr(turns, "AGAIN_S_MAX", 0)
    fed = kind(tmp_path, engine, monkeypatch)
    store, failures, bad = FlakyStore(1), Foreseen(), []
    store.chance = 0.0
    source = fed.make(None)
    real = kind.kind.poll

    times = 1 if often == "once" else turns.TRIES_MAX

    def poll(self):
        for batch in real(self):
            if store.rows and len(bad) < times:
                bad.append(batch.mark)
                raise RuntimeError("nobody foresaw this")
            yield batch

    monkeypatch.setattr(kind.kind, "poll", poll)
    turn = SourceTurn(Account(source, 0), store, SimpleNamespace(now_us=lambda: 0), failures)
    turn._wait_s = 0
    quiet = 0
    while quiet < 8:
        quiet = 0 if turn.read(64, lambda: False) else quiet + 1
        fed.feed()
    account = turn.account
    lines_in = account.rows + account.passed + account.refused
    lost = {loss.what: loss for loss in account.figures().losses}.get("passed_over")
    assert failures.noted == times
    if often == "once":
        assert lines_in == fed.lines, (lines_in, lost)
    elif kind in (Ring, Caps):
        assert lines_in < fed.lines
        assert lost.unit == "bytes"
        assert lost.count > 0
    else:
        assert lost.count > 0
        assert lines_in + lost.count == fed.lines
    source.close()


@pytest.mark.parametrize("times", [1, 3])
def test_a_step_of_a_receiver_is_given_again_until_it_is_passed_over(times, tmp_path, engine, monkeypatch) -> None:
    from bavn.actor.sense import turn as turns

    monkeypatch.setattr(turns, "AGAIN_S_MAX", 0)
    fed = Dnstap(tmp_path, engine, monkeypatch)
    store, failures, bad, real = FlakyStore(1), Foreseen(), [], DnstapReceiver._batch
    store.chance = 0.0

    def _batch(self, step):
        if store.rows and len(bad) < times:
            bad.append(step)
            raise RuntimeError("nobody foresaw this")
        return real(self, step)

    monkeypatch.setattr(DnstapReceiver, "_batch", _batch)
    account = Account(fed.make(None), 0)
    turn = SourceTurn(account, store, SimpleNamespace(now_us=lambda: 0), failures)
    turn._wait_s = 0
    for _ in range(8):
        turn.read(64, lambda: False)
    lost = sum(loss.count for loss in account.figures().losses if loss.what == "passed_over")
    assert account.rows + account.passed + account.refused + lost == fed.lines
    assert lost == (0 if times == 1 else sum(frame.kind == DATAGRAM for frame in bad[0].frames))
    assert len(set(map(id, bad))) == 1
