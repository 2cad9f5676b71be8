"""What happens on a made-up network: calls, names, tries and rows, from the tables of a case, with the case's dice."""

import string
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bavn.model.record import TABLES

Row = dict[str, Any]


@dataclass
class World:
    """Rows by table, and the dice of one case."""

    dice: np.random.Generator
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})

    def flow(
        self,
        at_s: float,
        src: str,
        dst: str,
        port: int,
        *,
        proto: str = "tcp",
        failed: bool = False,
        size: int = 900,
        **more: Any,
    ) -> Row:
        row = {
            "ts": at_s,
            "sensor": "made",
            "src": src,
            "src_port": 50_000,
            "dst": dst,
            "dst_port": port,
            "proto": proto,
            "flow_id": len(self.rows["flow"]) + 1,
            "community_id": None,
            "ts_end": at_s + 0.5,
            "app_proto": None,
            "bytes_toserver": size,
            "bytes_toclient": 0 if failed else 3 * size,
            "pkts_toserver": 4,
            "pkts_toclient": 0 if failed else 5,
            "state": "new" if failed else "closed",
            "failed": failed,
            **more,
        }
        self.rows["flow"].append(row)
        return row

    def named(self, flow: Row, kind: str, name: str | None, **more: Any) -> None:
        column = {"tls": "sni", "http": "host"}[kind]
        head = {key: flow[key] for key in ("ts", "sensor", "src", "src_port", "dst", "dst_port", "proto", "flow_id")}
        self.rows[kind].append(head | {column: name} | more)

    def dns(
        self,
        at_s: float,
        src: str,
        name: str,
        answers: list[str] | None,
        *,
        rrtype: str = "A",
        server: str = "10.0.0.53",
    ) -> None:
        head = {
            "sensor": "made",
            "src": src,
            "src_port": 50_001,
            "dst": server,
            "dst_port": 53,
            "proto": "udp",
            "flow_id": 0,
        }
        self.rows["dns"].append(head | {"ts": at_s, "rrname": name, "rrtype": rrtype, "answered": False})
        if answers is not None:
            told = {
                "rcode": "NOERROR" if answers else "NXDOMAIN",
                "answers": answers,
                "answer_bytes": sum(map(len, answers)),
            }
            self.rows["dns"].append(
                head | {"ts": at_s + 0.02, "rrname": name, "rrtype": rrtype, "answered": True} | told
            )


def text_of(world: World, form: str) -> str:
    """``random:32`` letters and digits, ``hex:8``, ``reverse`` (an address backwards), else the text itself."""
    kind, _, length = form.partition(":")
    if kind == "random":
        return "".join(world.dice.choice(list(string.ascii_lowercase + string.digits), int(length)))
    if kind == "hex":
        return "".join(world.dice.choice(list("0123456789abcdef"), int(length)))
    if kind == "reverse":
        return ".".join(str(part) for part in world.dice.integers(1, 255, 4))
    return form


def calls(world: World, it: Row) -> None:
    """One host's calls to one peer: at a period with jitter, or at random (``mean_s``), in the hours given."""
    now, end = it.get("from_h", 0) * 3600.0, it["to_h"] * 3600.0
    first, last = it.get("office_h", [0, 24])
    while now < end:
        if it.get("mean_s"):
            now += float(world.dice.exponential(it["mean_s"]))
        else:
            now += it["period_s"] * (1 - it.get("jitter", 0.0) * float(world.dice.random()))
        if now >= end or not first * 3600 <= now % 86400 < last * 3600 or world.dice.random() < it.get("lost", 0):
            continue
        for burst in range(it.get("burst", 1)):
            flow = world.flow(
                now + 0.2 * burst,
                it["host"],
                it["peer"],
                it.get("port", 443),
                proto=it.get("proto", "tcp"),
                failed=it.get("failed", False),
                size=it.get("size", 900),
            )
            hello = {key: it[key] for key in ("ja3", "ja4", "cert", "method") if key in it}
            if it.get("name") or {"ja4", "cert"} & it.keys():
                world.named(flow, it.get("kind", "tls"), it.get("name"), **hello)
    if it.get("resolved"):
        world.dns(it.get("from_h", 0) * 3600.0 + 1, it["host"], it["resolved"], [it["peer"]])


def names(world: World, it: Row) -> None:
    """Queries for names under a domain, each made anew."""
    for turn in range(it["count"]):
        sub = text_of(world, it["label"])
        answer = it.get("answer")
        told = None if answer is None else [text_of(world, answer)] if answer else []
        hosts = it["hosts"]
        world.dns(
            it.get("from_h", 0) * 3600 + turn * it["every_s"],
            hosts[turn % len(hosts)],
            f"{sub}.{it['domain']}",
            told,
            rrtype=it.get("rrtype", "A"),
        )


def tries(world: World, it: Row) -> None:
    """First contacts of one source with targets and ports, in order; ``answering`` of them are open."""
    doors = [(target, port) for target in spread(it["targets"]) for port in spread(it.get("ports", [0]))]
    for turn, (target, port) in enumerate(doors):
        at = it.get("from_h", 0) * 3600 + turn * it["every_s"]
        icmp = {"icmp_type": 8, "icmp_code": 0} if it["proto"] == "icmp" else {}
        for again in range(it.get("repeats", 1)):
            world.flow(
                at + again,
                it["source"],
                target,
                int(port),
                proto=it["proto"],
                failed=turn >= it.get("answering", 0),
                **icmp,
            )
        if it.get("unreachable"):
            world.flow(at + 0.1, target, it["source"], 0, proto="icmp", icmp_type=3, icmp_code=3)
        if it.get("resolved"):
            world.dns(at - 1, it["source"], f"host{turn}.{it['resolved']}", [target])


def rows(world: World, it: Row) -> None:
    """Rows of any table as they are: ``set`` holds the columns, ``{n}`` in a text is the turn. ``sources`` and
    ``targets`` are gone through in turn, ``count`` times on each of ``days``, each with a flow of its own, or with
    none (``flow = false``), or with the one before (``same_flow``).
    """
    doors = [(src, dst) for dst in spread(it["targets"]) for src in spread(it["sources"])]
    turn = 0
    for day in it.get("days", [0]):
        for src, dst in doors * it.get("count", 1):
            at = day * 86400 + it.get("from_h", 0) * 3600 + turn % (len(doors) * it.get("count", 1)) * it["every_s"]
            more = {key: value.format(n=turn) if isinstance(value, str) else value for key, value in it["set"].items()}
            number = 1_000_000 + len(world.rows["flow"])
            if it.get("flow", True):
                world.flow(at, src, dst, it["port"], **it.get("flow_set", {}))
                number = world.rows["flow"][-1]["flow_id"]
            elif it.get("same_flow"):
                number = world.rows["flow"][-1]["flow_id"]
            if it["table"] != "flow":
                head = {"ts": at, "sensor": "made", "src": src, "src_port": 50_000, "dst": dst, "dst_port": it["port"]}
                world.rows[it["table"]].append(head | {"proto": "tcp", "flow_id": number} | more)
            turn += 1


def spread(given: list[Any]) -> list[Any]:
    """``["10.0.0.", 1, 9]`` or ``[20, "to", 29]`` written out; other lists as they are."""
    if len(given) == 3 and isinstance(given[0], str) and isinstance(given[2], int):
        return [f"{given[0]}{n}" for n in range(given[1], given[2] + 1)]
    if len(given) == 3 and given[1] == "to":
        return list(range(given[0], given[2] + 1))
    return given


def background(world: World, it: Row) -> None:
    """Hosts that browse well-known sites at random: the innocents of every case."""
    for host in range(it["hosts"]):
        src = f"10.0.9.{host + 1}"
        for _ in range(it.get("visits", 30)):
            site = int(world.dice.integers(0, 12))
            at = float(world.dice.random()) * it["hours"] * 3600
            name, peer = f"www.wellknown{site}.com", f"93.184.{site}.34"
            world.dns(at, src, name, [peer])
            world.named(world.flow(at + 0.1, src, peer, 443), "tls", name)


STREAMS = {"calls": calls, "names": names, "tries": tries, "rows": rows}
