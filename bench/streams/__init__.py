"""Streams by kind for bench/stream_table.py: an office of a hundred and twenty hosts, what attackers do, and what looks
like it. Each stream has a host of its own; names and addresses are made up, but for services that the world knows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bench_a import WORDS as ALL_WORDS
from bench_b.networks import BEGIN_US, Rows, host

DAYS, HOSTS = 10, 120
S = 1_000_000
DC, FILES, RESOLVER = "10.9.0.1", "10.9.0.3", "10.9.0.53"
KNOWN_SITES = ("wikipedia.org", "google.com", "microsoft.com", "github.com", "bbc.co.uk", "apple.com", "amazon.com")
ABC, HEX = "abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdef"
WORDS = ALL_WORDS[:16]


@dataclass
class Office(Rows):
    """Rows, the dice, and how to call by name."""

    dice: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def __post_init__(self) -> None:
        super().__init__()

    def call(self, at_s: float, src: str, dst: str, port: int, **more: Any) -> None:
        """One flow; ``more``: its columns, ``lasts_s``."""
        at_us = BEGIN_US + int(at_s * S)
        self.flow(at_us, src, dst, port)
        row = self.by_table["flow"][-1]
        row["ts_end"] = at_us + int(more.pop("lasts_s", 1) * S)
        row |= {"pkts_toserver": 8, "pkts_toclient": 9} | more
        if row["failed"]:
            row |= {"bytes_toclient": 0, "pkts_toclient": 0, "state": "new"}

    def secure(self, at_s: float, src: str, dst: str, name: str | None, port: int = 443, **more: Any) -> None:
        """A TLS call: flow, TLS and, where it has a name, the look-up."""
        columns = {key: more.pop(key) for key in ("ja3", "subject", "issuerdn") if key in more}
        self.call(at_s, src, dst, port, app_proto="tls", **more)
        self.beside("tls", sni=name, **({"ja3": "b" * 32} | columns))
        if name:
            self.ask(at_s - 0.1, src, name, [dst])

    def beside(self, table: str, **columns: Any) -> None:
        flow = self.by_table["flow"][-1]
        head = {key: flow[key] for key in ("ts", "src", "dst", "dst_port", "proto", "flow_id")}
        self.by_table[table].append(head | columns)

    def ask(self, at_s: float, src: str, name: str, answers: list[str], rrtype: str = "A") -> None:
        """A question and its answer; no answers: NXDOMAIN."""
        head = {"src": src, "dst": RESOLVER, "dst_port": 53, "proto": "udp", "flow_id": 0, "rrname": name}
        at_us = BEGIN_US + int(at_s * S)
        told = {"rcode": "NOERROR" if answers else "NXDOMAIN", "answers": answers, "answered": True}
        self.by_table["dns"] += [
            head | {"ts": at_us, "rrtype": rrtype, "answered": False},
            head | {"ts": at_us + 20_000, "rrtype": rrtype, "answer_bytes": sum(map(len, answers))} | told,
        ]

    def label(self, length: int, letters: str = ABC) -> str:
        return "".join(self.dice.choice(list(letters), length))

    def times(self, first_day: float, days: float, period_s: float, jitter: float = 0.0) -> Iterable[float]:
        """Seconds: sleeps shortened by up to ``jitter``."""
        now, end = first_day * 86400, (first_day + days) * 86400
        while now < end:
            yield now
            now += period_s * (1 - jitter * float(self.dice.random()))


def background(office: Office) -> None:
    """Everybody browses known and small sites, resolves, logs on and uses files; clocks by NTP."""
    dice = office.dice
    for number in range(HOSTS):
        src = host(number)
        for day in range(DAYS):
            office.call(day * 86400 + 28_000 + number, src, DC, 88)
            office.call(day * 86400 + 28_001 + number, src, FILES, 445)
            for at in np.sort(dice.random(14)) * 36_000 + 28_000:
                kind = int(dice.integers(0, 12))
                name = KNOWN_SITES[kind] if kind < len(KNOWN_SITES) else f"site{int(dice.zipf(1.5)) % 3000}.dk"
                office.secure(day * 86400 + float(at), src, f"93.184.{hash_of(name)}", f"www.{name}")


def hash_of(name: str) -> str:
    number = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 60_000
    return f"{number // 250}.{number % 250 + 1}"


@dataclass(frozen=True)
class Stream:
    """``who``: the detectors that should tell of it (none for what is innocent)."""

    name: str
    who: tuple[str, ...]
    play: Callable[[Office, str], None]
    other: str = ""
    """The own host it is told of, where that is not the stream's own."""
