"""What an actor's outside life is made of: each type from a made network, nothing of the inside, most used first."""

import numpy as np
import pytest

from bavn.actor.detect.queries.outside_life import Used, outside_life
from bavn.model.observable import Observable, is_external
from bavn.psi.ordinary import Ordinary

IN, OUT, OTHER, NAMELESS = "10.0.0.7", "185.32.20.6", "185.32.20.9", "91.198.22.70"
JA3, JA3S, JA4 = "a" * 32, "b" * 32, "t13d1516h2_8daaf6152771_02713d6af862"
CERT = "c" * 40
ISSUER = "C=US, O=Let's Encrypt, CN=R3"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Updater/7.81.0"


@pytest.fixture
def window(made):
    """One client inside that does what clients do, and what must not be told of."""
    world = made.World(np.random.default_rng(1))

    def call(dst, port, times=1, src=IN, **more):
        return [world.flow(60.0 * at, src, dst, port, **more) for at in range(times)][-1]

    tls = call(OUT, 443, 5)
    for at in range(3):
        world.named(
            tls | {"ts": float(at)},
            "tls",
            "www.cloud-sync.com",
            ja3=JA3,
            ja3s=JA3S,
            ja4=JA4,
            cert=CERT,
            issuerdn=ISSUER,
        )
    http = call(OTHER, 80, 2)
    world.named(http, "http", "updates.vendor.org", user_agent=AGENT, server="nginx/1.18.0 (Ubuntu)")
    world.named(http | {"ts": 9.0}, "http", "updates.vendor.org", user_agent=AGENT.replace("7.81.0", "7.82.1"))
    call(NAMELESS, 22, 4)
    call("91.198.22.99", 22, 1)
    call("91.198.22.5", 8443, 3, failed=True)
    dns = call("10.0.0.1", 53, proto="udp")
    head = {key: dns[key] for key in ("ts", "sensor", "src", "src_port", "dst", "dst_port", "proto", "flow_id")}
    for name, answers in (("resolved.net", ["91.198.22.99"]), ("srv.hospital.local", ["10.0.0.9"])):
        world.rows["dns"].append(
            head | {"rrname": name, "rrtype": "A", "rcode": "NOERROR", "answered": True, "answers": answers}
        )
    inside = call("10.0.0.9", 445, 9)
    world.named(inside, "http", "intranet.hospital.local", user_agent="Inside/1.0", server="inside")
    world.named(inside, "tls", "intranet.hospital.local", ja3="d" * 32, cert="e" * 40)
    world.rows["ssh"].append({**_head(call(NAMELESS, 22)), "server_software": "OpenSSH_8.9p1 Ubuntu-3"})
    for sid, src, dst in ((2_012_345, OUT, IN), (1_000_001, OUT, IN), (2_099_999, IN, "10.0.0.9")):
        world.rows["alert"].append({**_head(tls), "src": src, "dst": dst, "gid": 1, "signature_id": sid})
    return made.MemoryWindow(made.tables_of(world), hours=24, known_days=0)


def _head(flow):
    return {key: flow[key] for key in ("ts", "sensor", "src", "src_port", "dst", "dst_port", "proto", "flow_id")}


def texts(window, most=1000, **more):
    return {str(used.kind): used.uses for used in outside_life(window, most, **more)}


def test_each_type_is_there_with_how_often_it_was_used(window) -> None:
    assert texts(window) == {
        "domain:cloud-sync.com": 3,
        "domain:vendor.org": 2,
        "domain:resolved.net": 1,
        f"ip4:{NAMELESS}": 5,
        "net:91.198.22.0/24": 5,
        f"ja3:{JA3}": 3,
        f"ja4:{JA4}": 3,
        f"fp-pair:{JA3}+{JA3S}": 3,
        f"fp-pair:{JA4}+{JA3S}": 3,
        f"cert:{CERT}": 3,
        f"issuer:{ISSUER}": 3,
        "user-agent:mozilla/5 (x11; linux x86_64) updater/7": 2,
        "server:nginx/1 (ubuntu)": 1,
        "server:openssh_8p1 ubuntu-3": 1,
        "service:tcp/443": 5,
        "service:tcp/22": 6,
        "service:tcp/80": 2,
        "alert:1:2012345": 1,
    }


def test_nothing_of_the_inside_is_there_and_nothing_that_policy_keeps_out(window) -> None:
    left_out = frozenset({Observable.of("domain", "cloud-sync.com"), Observable.of("ip4", NAMELESS)})
    kinds = [used.kind for used in outside_life(window, 1000, left_out=left_out.__contains__)]
    assert not left_out & set(kinds)
    assert "net:91.198.22.0/24" not in {str(kind) for kind in kinds}
    assert all(isinstance(kind, Ordinary) or is_external(kind, window.homes) for kind in kinds)
    assert not [kind for kind in kinds if "hospital" in str(kind) or "10.0." in str(kind) or "inside" in str(kind)]


def test_a_directory_of_the_actors_own_is_inside(made, window, monkeypatch) -> None:
    monkeypatch.setattr("bavn.actor.detect.queries.outside_life.home_domains", lambda _: ("ad.vendor.org",))
    assert "domain:vendor.org" not in texts(window)


def test_types_take_turns_for_room_and_chains_are_elements_too(window) -> None:
    kinds = outside_life(window, 14)
    assert len(kinds) == 14
    assert kinds[0] == Used(Observable.of("domain", "cloud-sync.com"), 3)
    assert [str(used.kind) for used in kinds if str(used.kind).startswith("service")] == ["service:tcp/22"]
    assert outside_life(window, 14) == kinds
    assert outside_life(window, 0) == []
    chain = Observable.of("chain", "T1046-T1071@20")
    assert texts(window, chains=[chain, chain, Observable.of("ip4", "9.9.9.9")])[str(chain)] == 1
    assert "ip4:9.9.9.9" not in texts(window, chains=[Observable.of("ip4", "9.9.9.9")])
