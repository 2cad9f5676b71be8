"""How long from ``enforce`` to effect, for each enforcer against the real thing; how long from a release to its block.

    .venv/bin/python bench/protect.py [--json] [--names 100000]

Baselines in the same run: for unbound what a plain ``unbound-control`` process costs for one local zone; for the text
list an unsynced write of the same bytes; for Suricata the bare socket commands without asking first what is there.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import ended

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.enforcers.rpz import Rpz
from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset, as_written
from bavn.actor.protect.enforcers.suricata_rules import DATASETS, rules_text
from bavn.actor.protect.enforcers.suricata_socket import SuricataSocket
from bavn.actor.protect.enforcers.textlist import TextList, as_text
from bavn.actor.protect.enforcers.unbound import Unbound
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.outfit import ProtectOutfit
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.protect import Protect
from bavn.model.intel.indicator import Block, Indicator, Pap, Tlp
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.messages.catalogue import IndicatorReleased
from bavn.wire.partners.stix_indicator import bundle_of

TRIES = 15
T0 = 1_795_000_000_000_000


class StandingClock:
    def now_us(self) -> int:
        return T0


def names(count: int) -> list[Block]:
    return [Block(Observable.of("domain", f"n{n}.evil-{n % 997}.com"), "indicator--x", 1) for n in range(count)]


def timed(act) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def nxdomain(port: int, name: str) -> bool:
    reply = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=5)
    return reply.rcode() == dns.rcode.NXDOMAIN


def until_refused(act, port: int, name: str) -> float:
    """Seconds from the call to the first query that is refused."""
    start = time.perf_counter()
    act()
    while not nxdomain(port, name):
        pass
    return time.perf_counter() - start


def bench_unbound(folder: Path, many: int) -> dict:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answers = {f"new{n}.example.org": "192.0.2.7" for n in range(TRIES)} | {"one.more.org": "192.0.2.7"}
    unbound = Unbound(folder / "u", listen=[f"127.0.0.1@{port}"], answers=answers)
    rpz = Rpz(unbound.zone_file, unbound)
    try:
        rpz.enforce([])
        small = []
        for n in range(TRIES):
            blocks = [Block(Observable.of("domain", f"new{i}.example.org"), "x", 1) for i in range(n + 1)]
            small.append(until_refused(lambda b=blocks: rpz.enforce(b), port, f"new{n}.example.org"))
        command = ["unbound-control", "-c", unbound.folder / "unbound.conf", "local_zone", "b.org", "always_nxdomain"]
        baseline = [timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(TRIES)]
        large = timed(lambda: rpz.enforce(names(many)))
        one_more = [*names(many), Block(Observable.of("domain", "one.more.org"), "x", 1)]
        first_effect = until_bridged(rpz, one_more, port)
        unchanged = timed(lambda: rpz.enforce(one_more))
    finally:
        unbound.close()
    return {
        "unbound_one_name_ms": 1e3 * statistics.median(small),
        "unbound_control_process_ms": 1e3 * statistics.median(baseline),
        "unbound_ratio": statistics.median(small) / statistics.median(baseline),
        f"unbound_{many}_names_s": large,
        f"unbound_one_more_on_{many}_s": first_effect,
        f"unbound_{many}_unchanged_s": unchanged,
    }


ASKER = """
import sys, time, dns.message, dns.query
port, query = int(sys.argv[1]), dns.message.make_query("one.more.org", "A")
ask = lambda: dns.query.udp(query, "127.0.0.1", port=port, timeout=9)
while not ask().answer: pass
print("ready", flush=True)
sys.stdin.readline()
start = time.perf_counter()
while ask().answer: pass
print(time.perf_counter() - start, flush=True)
"""


def until_bridged(rpz: Rpz, blocks: list[Block], port: int) -> float:
    """Seconds until a new name is refused while a large zone has still to load: asked from another process."""
    asker = subprocess.Popen(
        [sys.executable, "-c", ASKER, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        asker.stdout.readline()
        asker.stdin.write("go\n")
        asker.stdin.flush()
        rpz.enforce(blocks)
        return float(asker.communicate(timeout=30)[0])
    finally:
        asker.kill()
        asker.wait()


def bench_textlist(folder: Path, many: int) -> dict:
    made, blocks = TextList(folder / "lists"), names(many)
    bare = as_text(made.lines([block.observable for block in blocks]))
    ours, base = [], []
    for n in range(5):
        ours.append(timed(lambda n=n: made.enforce(blocks[: many - n])))
        base.append(timed(lambda n=n: (folder / "bare.txt").write_bytes(bare[: len(bare) - n])))
    return {
        f"textlist_{many}_names_s": statistics.median(ours),
        f"bare_write_{many}_names_s": statistics.median(base),
        "textlist_ratio": statistics.median(ours) / statistics.median(base),
    }


def bench_suricata(folder: Path, many: int) -> dict:
    (folder / "data").mkdir()
    for name, _ in DATASETS.values():
        (folder / "data" / f"{name}.lst").write_text("")
    (folder / "bavn.rules").write_text(rules_text())
    (folder / "suricata.yaml").write_text(
        f"%YAML 1.1\n---\ndefault-log-dir: {folder}\nunix-command: {{enabled: yes, filename: {folder}/command}}\n"
        "datasets: {rules: {allow-write: true}}\naf-packet: [{interface: default}]\n"
        "app-layer: {protocols: {dns: {udp: {enabled: yes}, tcp: {enabled: yes}}, http: {enabled: yes}, "
        "quic: {enabled: yes}, tls: {enabled: yes, ja3-fingerprints: yes, ja4-fingerprints: yes}}}\n"
        f"default-rule-path: {folder}\nrule-files: [bavn.rules]\n"
    )
    suricata = subprocess.Popen(
        ["suricata", "-c", folder / "suricata.yaml", "--af-packet=lo", "-l", folder, "--data-dir", folder / "data"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        made = SuricataDataset(lambda: SuricataSocket(folder / "command"), folder / "data")
        ends = time.monotonic() + 60
        while True:
            try:
                made.enforce([])
                break
            except EnforcerDown:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)
        one = [timed(lambda n=n: made.enforce(names(n + 1))) for n in range(TRIES)]
        with SuricataSocket(folder / "command") as line:
            bare = [
                timed(
                    lambda n=n: line.ask(
                        "dataset-add",
                        setname="bavn-domain",
                        settype="string",
                        datavalue=as_written(Observable.of("domain", f"bare{n}.org")),
                    )
                )
                for n in range(TRIES)
            ]
        large = timed(lambda: made.enforce(names(many)))
        unchanged = timed(lambda: made.enforce(names(many)))
    finally:
        suricata.kill()
        suricata.wait()
    return {
        "suricata_one_name_ms": 1e3 * statistics.median(one),
        "suricata_bare_command_ms": 1e3 * statistics.median(bare),
        "suricata_ratio": statistics.median(one) / statistics.median(bare),
        f"suricata_{many}_names_s": large,
        f"suricata_{many}_unchanged_s": unchanged,
    }


def released(n: int) -> IndicatorReleased:
    made = Indicator(
        id=f"indicator--00000000-0000-4000-8000-{n:012x}",
        version=T0,
        observable=Observable.of("domain", f"c{n}.evil-release.com"),
        tlp=Tlp.AMBER,
        pap=Pap.GREEN,
        confidence=90,
        valid_from_us=T0,
        valid_until_us=T0 + 10 * DAY_US,
        case_id="case-1",
        technique="T1071.001",
    )
    author = "identity--5a4c9f6e-2a63-4b7c-9d7e-0f3a1c2b4d5e"
    return IndicatorReleased(bundle=bundle_of(made, created_by=author, created_us=T0))


def bench_release(folder: Path) -> dict:
    """A node with a text list and a resolver: the whole way of one release, gate and ledger included."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    unbound = Unbound(folder / "r", listen=[f"127.0.0.1@{port}"], answers={})
    hands = Enforcers((TextList(folder / "released"), Rpz(unbound.zone_file, unbound)), ())
    with Book(folder / "book") as book:
        outfit = ProtectOutfit(
            clock=StandingClock(),
            policy=ProtectPolicy(),
            enforcers=hands,
            never=NeverBlock.of(shipped_text(), "shipped"),
        )
        protect = Protect(Ledger(book), outfit)
        try:
            protect.start()
            times = sorted(timed(lambda n=n: protect.receive([released(n)])) for n in range(100))
        finally:
            unbound.close()
    return {"release_to_block_median_ms": 1e3 * times[50], "release_to_block_p95_ms": 1e3 * times[95]}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--json", action="store_true")
    words.add_argument("--names", type=int, default=100_000)
    given = words.parse_args()
    ended.in_order()
    figures = {}
    for bench in (bench_unbound, bench_textlist, bench_suricata):
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            figures |= bench(Path(folder), given.names)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        figures |= bench_release(Path(folder))
    if given.json:
        print(json.dumps(figures, sort_keys=True))
        return
    for name, value in figures.items():
        print(f"{name:40} {value:10.3f}")


if __name__ == "__main__":
    main()
