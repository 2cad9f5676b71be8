"""How long the kernel's packet filter, a BIND of the actor's own and a squid take for many values, and for one more.

    .venv/bin/python bench/enforcers.py [--json] [--values 100000] [--only nft|bind|squid]

nftables in a network namespace of its own (root), as the node calls it; the baseline in the same run is one ``nft -f``
of the same elements into an empty set. BIND on loopback; the baseline is one update of one name, sent by hand. squid
on loopback, from ``enforce`` to the first request that it refuses; the baseline is the list written by hand and squid
told to read it. ``--only`` does one of them.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.update
import ended

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a squid as the tests start it

from bavn.actor.protect.enforcers.bind_update import BindUpdate
from bavn.actor.protect.enforcers.nft_sets import Nft, NftSets
from bavn.actor.protect.enforcers.squid_acl import NAMES_FILE, SquidAcl
from bavn.actor.protect.enforcers.zone_answers import key_of
from bavn.app.process.real import SystemClock
from bavn.model.intel.indicator import Block
from bavn.model.moment import DAY_US
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown

TRIES = 15
SECRET = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="
KEY = key_of(f"bavn:hmac-sha256:{SECRET}")
HEAD = "$TTL 60\n@ SOA localhost. nobody.invalid. 1 60 60 60 60\n@ NS localhost.\n"


def timed(act) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def cost(name: str, act) -> dict:
    """Seconds by the clock, and of CPU in this process and the programs that it ran: the machine may be busy."""
    before = os.times()
    seconds = timed(act)
    after = os.times()
    return {f"{name}_s": seconds, f"{name}_cpu_s": sum(after[:4]) - sum(before[:4])}


def addresses(count: int) -> list[Block]:
    until_us = SystemClock().now_us() + 30 * DAY_US
    first = int(ip_address("51.0.0.1"))
    return [Block(Observable.address(str(ip_address(first + 7 * n))), "indicator--x", until_us) for n in range(count)]


def names(count: int) -> list[Block]:
    return [Block(Observable.of("domain", f"n{n}.evil-{n % 997}.com"), "indicator--x", 1) for n in range(count)]


def bench_nft(many: int) -> dict:
    with ExitStack() as stack:
        found = {}
        for what in ("ours", "plain"):
            name = f"bavn-bench-{os.getpid()}-{what}"
            subprocess.run(["ip", "netns", "add", name], check=True)
            stack.callback(subprocess.run, ["ip", "netns", "del", name], check=True)
            found[what] = ["ip", "netns", "exec", name, "nft"]
        sets = NftSets(Nft(found["ours"]), SystemClock())
        sets.enforce([])
        all_of_them = addresses(many + 1)
        figures = cost(f"nft_{many}_addresses", lambda: sets.enforce(all_of_them[:many]))
        figures |= cost(f"nft_one_more_beside_{many}", lambda: sets.enforce(all_of_them[: many + 1]))
        figures |= cost(f"nft_{many}_unchanged", lambda: sets.enforce(all_of_them[: many + 1]))
        figures |= cost(f"nft_{many}_counters_read", lambda: sets.read(None))
        figures |= cost(f"nft_{many}_lifted", lambda: sets.enforce([]))
        listed = ", ".join(f"{block.observable.value} timeout 30d" for block in all_of_them[:many])
        script = "add table inet t\nadd set inet t s { type ipv4_addr; flags timeout; }\n"
        script += f"add element inet t s {{ {listed} }}\n"

        def plain() -> None:
            subprocess.run([*found["plain"], "-f", "-"], input=script, text=True, check=True)

        figures |= cost(f"nft_plain_{many}", plain)
    return figures | {"nft_cpu_ratio": figures[f"nft_{many}_addresses_cpu_s"] / figures[f"nft_plain_{many}_cpu_s"]}


def bench_bind(folder: Path, many: int) -> dict:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "rpz.zone").write_text(HEAD)
    (folder / "com.zone").write_text(HEAD + "* A 192.0.2.1\n")
    (folder / "named.conf").write_text(f"""
options {{ directory "{folder}"; pid-file none; session-keyfile none; listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }}; recursion yes; dnssec-validation no; forwarders {{ }}; allow-query {{ any; }};
  response-policy {{ zone "rpz"; }} qname-wait-recurse no min-update-interval 0; }};
controls {{ }};
key "bavn" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone "rpz" {{ type primary; file "rpz.zone"; allow-transfer {{ key bavn; }};
  update-policy {{ grant bavn zonesub CNAME; }}; }};
zone "com" {{ type primary; file "com.zone"; }};
""")
    named = subprocess.Popen(
        [shutil.which("named", path="/usr/sbin:/usr/bin"), "-g", "-c", folder / "named.conf"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def refused(name: str) -> bool:
        reply = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=port, timeout=9)
        return reply.rcode() == dns.rcode.NXDOMAIN

    def until_refused(act, name: str) -> float:
        start = time.perf_counter()
        act()
        while not refused(name):
            pass
        return time.perf_counter() - start

    try:
        while True:
            try:
                refused("n.org")
                break
            except (OSError, dns.exception.Timeout):
                time.sleep(0.1)
        made = BindUpdate(("127.0.0.1", port), "rpz.", KEY)
        ones = [until_refused(lambda n=n: made.enforce(names(n + 1)), f"n{n}.evil-{n}.com") for n in range(TRIES)]

        def by_hand(n: int) -> None:
            update = dns.update.UpdateMessage(
                "rpz.", keyring={KEY.name: KEY}, keyname=KEY.name, keyalgorithm=KEY.algorithm
            )
            update.add(f"hand{n}.com", 60, "CNAME", ".")
            dns.query.tcp(update, "127.0.0.1", port=port, timeout=9)

        hand = [until_refused(lambda n=n: by_hand(n), f"hand{n}.com") for n in range(TRIES)]
        figures = cost(f"bind_{many}_names", lambda: made.enforce(names(many)))
        last = f"n{many}.evil-{many % 997}.com"
        figures |= cost(
            f"bind_one_more_beside_{many}", lambda: until_refused(lambda: made.enforce(names(many + 1)), last)
        )
        again = BindUpdate(("127.0.0.1", port), "rpz.", KEY)
        figures |= cost(f"bind_{many}_fetched_after_a_restart", lambda: again.enforce(names(many + 1)))
    finally:
        named.kill()
        named.wait()
    return {
        "bind_one_name_ms": 1e3 * statistics.median(ones),
        "bind_update_by_hand_ms": 1e3 * statistics.median(hand),
        "bind_ratio": statistics.median(ones) / statistics.median(hand),
    } | figures


def bench_squid(folder: Path, many: int) -> dict:
    from tests.actor.protect.test_squid_acl import NAMES, Squid

    squid = Squid(folder, NAMES)
    lists, program = folder / "acl", squid.acl._command

    def until_refused(act, name: str) -> float:
        start = time.perf_counter()
        act()
        while squid.status(name) != 403:
            time.sleep(0.002)
        return time.perf_counter() - start

    def by_hand(n: int) -> None:
        (lists / NAMES_FILE).write_text("".join(f".hand{k}.com\n" for k in range(n + 1)))
        subprocess.run(program, check=True, capture_output=True)

    try:
        with suppress(EnforcerDown):  # the lists must be there before it starts
            squid.acl.enforce([])
        squid.start()
        ones = [until_refused(lambda n=n: squid.acl.enforce(names(n + 1)), f"n{n}.evil-{n}.com") for n in range(TRIES)]
        hand = [until_refused(lambda n=n: by_hand(n), f"hand{n}.com") for n in range(TRIES)]
        written = timed(lambda: SquidAcl(folder / "aside", ("true",)).enforce(names(many)))
        at_once = until_refused(lambda: squid.acl.enforce(names(many)), f"n{many - 1}.evil-{(many - 1) % 997}.com")
        more = until_refused(lambda: squid.acl.enforce(names(many + 1)), f"n{many}.evil-{many % 997}.com")
    finally:
        squid.close()
    return {
        "squid_one_name_ms": 1e3 * statistics.median(ones),
        "squid_by_hand_ms": 1e3 * statistics.median(hand),
        f"squid_lists_{many}_names_s": written,
        f"squid_{many}_names_s": at_once,
        f"squid_one_more_beside_{many}_s": more,
    }


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--values", type=int, default=100_000)
    asked.add_argument("--only", choices=("nft", "bind", "squid"))
    given = asked.parse_args()
    ended.in_order()
    figures = {"load": os.getloadavg()[0]}
    figures |= bench_nft(given.values) if given.only in (None, "nft") else {}
    with tempfile.TemporaryDirectory(prefix="bavn-bench-") as made:
        folder = Path(made)
        folder.chmod(0o777)
        figures |= bench_bind(folder, given.values) if given.only in (None, "bind") else {}
        figures |= bench_squid(folder, given.values) if given.only in (None, "squid") else {}
    if given.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:45} {value:10.3f}")


if __name__ == "__main__":
    main()
