"""Keys: every part of a round is bound, every use is apart, and a bad key file says who must act."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bavn.model.observable import Observable
from bavn.psi import keys
from bavn.psi.identifier import EpochIdentifier, Identifier, Identifiers, LocalIdentifiers
from bavn.psi.round import RoundParams

BASE = RoundParams(version=1, epoch=5, round_id=bytes(16), registry_version=1, tier="A", t=2, m=10, r=4)
OTHERS = [
    replace(BASE, epoch=6),
    replace(BASE, round_id=bytes(15) + b"\x01"),
    replace(BASE, registry_version=2),
    replace(BASE, tier="B"),
    replace(BASE, t=3),
    replace(BASE, m=11),
    replace(BASE, r=6),
    replace(BASE, tier="A1"),
    replace(BASE, t=4, m=5),
]

rounds = st.builds(
    RoundParams,
    version=st.just(1),
    epoch=st.integers(0, 2**31 - 1),
    round_id=st.binary(min_size=16, max_size=16),
    registry_version=st.integers(1, 2**63 - 1),
    tier=st.from_regex(r"[A-Z][a-z0-9-]{0,15}", fullmatch=True),
    t=st.integers(2, 8),
    m=st.integers(1, 1_000_000),
    r=st.integers(1, 20).map(lambda half: 2 * half),
)


def test_every_part_of_a_round_its_group_epoch_tier_and_use_is_in_its_key() -> None:
    """The same key and the same content, once as an element, once as a round: no common bytes."""
    k = bytes(32)
    made = [keys.round_key(k, params) for params in (BASE, *OTHERS)]
    assert len(set(made)) == len(made)
    assert all(len(kr) == 32 for kr in made)
    observable = [Observable.of("ip4", "192.0.2.1")]
    groups = [LocalIdentifiers(bytes([n]) * 32) for n in (1, 2)]
    made = [g.of(epoch, tier).ids(observable)[0] for g in groups for epoch in (1, 2) for tier in ("A", "B")]
    assert len(set(made)) == 8
    assert all(len(element_id) == 14 for element_id in made)
    assert keys.element_id(k, BASE.canonical()) != keys.round_key(k, BASE)[:14]
    assert keys.epoch_key(k, 1, "A")[:14] != keys.element_id(k, (1).to_bytes(8) + b"A")


@given(rounds, rounds)
def test_two_rounds_are_the_same_bytes_only_if_they_are_the_same(one, other) -> None:
    assert (one.canonical() == other.canonical()) == (one == other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"version": 0},
        {"epoch": -1},
        {"epoch": 2**31},
        {"round_id": bytes(15)},
        {"registry_version": 0},
        {"registry_version": 2**63},
        {"tier": ""},
        {"tier": "a"},
        {"tier": "Å"},
        {"tier": "A" + 16 * "b"},
        {"t": 1},
        {"t": 9},
        {"m": 0},
        {"m": 1_000_001},
        {"r": 3},
        {"r": 0},
        {"r": 42},
        {"t": 8, "m": 1_000_000, "r": 40} | {"r": 40, "m": 7_000_000},
    ],
)
def test_no_round_outside_the_limits(wrong) -> None:
    with pytest.raises(ValueError, match=r"round|version"):
        replace(BASE, **wrong)


def test_an_identifier_serves_its_own_epoch_by_a_whole_secret_that_is_never_shown() -> None:
    identifier = LocalIdentifiers(bytes(32)).of(5, "A")
    assert identifier.round_key(BASE) == keys.round_key(identifier.k_epoch, BASE)
    for other in (OTHERS[0], OTHERS[3]):
        with pytest.raises(ValueError, match="keys of epoch 5 tier A"):
            identifier.round_key(other)
    secret_key = bytes(range(32))
    shown = repr(LocalIdentifiers(secret_key)) + repr(LocalIdentifiers(secret_key).of(5, "A"))
    for secret in (secret_key, keys.epoch_key(secret_key, 5, "A")):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
    sources: Identifiers = LocalIdentifiers(bytes(32))
    identifier: Identifier = sources.of(5, "A")
    assert isinstance(identifier, EpochIdentifier)
    assert identifier.ids([]) == []
    with pytest.raises(ValueError, match="32 bytes"):
        keys.epoch_key(b"short", 1, "A")


class _Ramp:
    def bytes(self, count: int) -> bytes:
        return bytes(range(count))
