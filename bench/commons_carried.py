"""What a commons round of M=100,000 costs where it is carried: through one hub, and at the centre as it runs.

Run: nice .venv/bin/python bench/commons_carried.py [--only hub|centre] [--members 10] [--json FILE]
hub: members behind one hub, which is their only way: the share of each up at one moment, then the answer of each down.
Wall and CPU seconds of nodes and centre together and of both nats-servers; the most memory of these.
centre: the product's centre on SQLite: a share of each member taken in, reconstructed and answered. CPU seconds a share
until it lies in the database, and of the answers; the most memory. Shares are random, so no cell is held by several:
what reconstruction costs where most are is bench/commons.py's. Each part is a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from commons import peak_mb, round_of, spent
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fanned import served
from scale import cpu_of

from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.correlate.lists import NoLists
from bavn.centre.correlate.tier import CommonsSettings
from bavn.centre.members.authority import Authority
from bavn.centre.members.registry import Registry
from bavn.centre.node.build import CentreGround, open_centre
from bavn.centre.node.config import CentreConfig
from bavn.centre.store.engine import open_engine
from bavn.model.ports import LinkDown
from bavn.psi.commons import answer_bytes
from bavn.psi.commons_terms import SIZES
from bavn.psi.field import P
from bavn.psi.round import RoundParams
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.codec import encode
from bavn.wire.links.nats import NatsLink, NodeIdentity
from bavn.wire.messages.catalogue import ShareUpload
from bavn.wire.messages.commons import CommonsAnswered
from bavn.wire.safe import Safe

M: Final = SIZES[1]
NO_OTHER_WAY: Any = None


def share(key: Ed25519PrivateKey, name: str, params: RoundParams, seed: int) -> bytes:
    """An envelope with a share of random numbers."""
    planes = np.random.default_rng(seed).integers(0, P, params.upload_bytes // 4, dtype=np.uint32).tobytes()
    upload = ShareUpload(
        round_id=params.round_id.hex(), registry_version=params.registry_version, key_check="0" * 32, planes=planes
    )
    return seal.seal(key, name, "centre", 1, upload)


def through_hub(members: int, folder: Path) -> dict[str, Any]:
    params = round_of(M)
    answer = CommonsAnswered(
        round_id=params.round_id.hex(), groups=members, other_keys=0, cells=bytes(answer_bytes(params))
    )
    with served(folder, members) as (queue, _, hubs, pids):
        came: list[int] = []

        def receive(_: str, envelopes: list[bytes]) -> list[int]:
            came.extend(map(len, envelopes))
            return [seal.address(one).seq for one in envelopes]

        queue.receive = receive
        envelopes = [share(Safe(folder / name).keys().message, name, params, 0) for name in queue.names]
        everybody = threading.Barrier(members)

        def member(name: str, envelope: bytes) -> tuple[float, float]:
            safe = Safe(folder / name)
            link = NatsLink(hubs[:1], NodeIdentity(safe, SystemDice(), SystemClock()), NO_OTHER_WAY)
            patient(lambda: link.pull(0, 0.0))
            everybody.wait()
            begun = time.perf_counter()
            assert patient(lambda: link.post([envelope])) == [1]
            up_s = time.perf_counter() - begun
            if everybody.wait() == 0:
                for one in queue.names:
                    queue.outbox.put(one, encode(answer), "C")
            everybody.wait()
            begun = time.perf_counter()
            (raw,) = patient(lambda: link.pull(0, 5.0))
            assert len(raw) > answer_bytes(params)
            link.close()
            return up_s, time.perf_counter() - begun

        before_mb, hubs_cpu_s = peak_mb(), cpu_of(pids)
        with spent() as all_of_it, ThreadPoolExecutor(members) as pool:
            took = list(pool.map(member, queue.names, envelopes))
        hubs_cpu_s, hubs_mb = cpu_of(pids) - hubs_cpu_s, [peak_mb(pid) for pid in pids[:2]]
    assert len(came) == members
    assert min(came) > params.upload_bytes
    return {
        "what": "hub",
        "members": members,
        "upload_mb": params.upload_bytes / 1e6,
        "up_wall_s": round(max(up for up, _ in took), 1),
        "down_wall_s": round(max(down for _, down in took), 1),
        "cpu_s": round(all_of_it.cpu_s, 1),
        "hubs_cpu_s": round(hubs_cpu_s, 1),
        "hubs_peak_mb": hubs_mb,
        "peak_mb_more": peak_mb() - before_mb,
    }


def at_the_centre(members: int, folder: Path) -> dict[str, Any]:
    clock, dice, engine = SystemClock(), SystemDice(), open_engine(f"sqlite:///{folder / 'centre.db'}")
    registry, keys = Registry(engine, clock), {f"actor-{at}": Ed25519PrivateKey.generate() for at in range(members)}
    for name, key in keys.items():
        registry.add(name, "other")
        with engine.begin() as tx:
            registry.activate(tx, name, key.public_key().public_bytes_raw().hex())
    with Book(folder / "book.db") as book:
        ground = CentreGround(
            engine=engine,
            book=book,
            key=Ed25519PrivateKey.generate(),
            authority=Authority.make("bench", clock.now_us(), dice),
        )
        config = CentreConfig(tiers=(), commons=CommonsSettings(m=M))
        centre = open_centre(config, ground=ground, clock=clock, dice=dice, lists=NoLists(), registry=registry)
        centre.step()
        before_mb, taken_s = peak_mb(), []
        for seed, (name, key) in enumerate(keys.items()):
            envelope = share(key, name, centre.desk.rounds(1)[0].round.params, seed)
            with spent() as one:
                assert centre.receive(name, [envelope]) == [1]
                if seed + 1 < members:  # with the last it begins to answer
                    centre.step()
            taken_s.append(one.cpu_s)
        with spent() as answered:
            while centre.desk.rounds(1)[0].round.phase.value != "closed":
                centre.step()
        assert all(len(centre.pull(name, 0)) == 2 for name in keys)
        assert len(centre.desk.rounds(1)[0].uploaded) == members
    engine.dispose()
    return {
        "what": "centre",
        "members": members,
        "taken_cpu_s_each": round(sum(taken_s[:-1]) / (members - 1), 2),
        "last_and_answers_cpu_s": round(answered.cpu_s + taken_s[-1], 1),
        "before_mb": before_mb,
        "peak_mb": peak_mb(),
    }


def patient[Given](act: Callable[[], Given]) -> Given:
    """As a node does: what was not answered is asked again."""
    while True:
        try:
            return act()
        except LinkDown:
            time.sleep(0.5)


PARTS: Final = {"hub": through_hub, "centre": at_the_centre}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(PARTS), help="this part alone, as JSON")
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    chosen = parser.parse_args()
    if chosen.only:
        with tempfile.TemporaryDirectory(prefix="bavn-bench-") as folder:
            print(json.dumps(PARTS[chosen.only](chosen.members, Path(folder)) | {"load": round(os.getloadavg()[0], 1)}))
        return
    rows = []
    for part in PARTS:
        asked = [sys.executable, __file__, "--only", part, "--members", str(chosen.members)]
        done = subprocess.run(asked, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout))
        print(done.stdout, end="", flush=True)
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"bench": "commons carried", "rows": rows}, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
