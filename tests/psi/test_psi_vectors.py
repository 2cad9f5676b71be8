"""The shipped vectors hold, so that two versions can never silently differ. They were made without this package."""

import hashlib
import json
from pathlib import Path

import pytest

from bavn.model.observable import Observable
from bavn.psi import keys, receipt
from bavn.psi.element import element_bytes
from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.round import Cell, RoundParams
from bavn.psi.share import generate

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
SECRET = bytes.fromhex(VECTORS["secret"])


def params_of(vector) -> RoundParams:
    return RoundParams(**{**vector, "round_id": bytes.fromhex(vector["round_id"])})


@pytest.mark.parametrize("vector", VECTORS["elements"], ids=lambda v: v["type"] + ":" + v["raw"])
def test_an_observable_has_one_canonical_form_one_element_and_one_id(vector) -> None:
    observable = Observable.of(vector["type"], vector["raw"])
    assert str(observable) == vector["canonical"]
    assert element_bytes(observable).hex() == vector["element"]
    identifier = LocalIdentifiers(SECRET).of(VECTORS["epoch"], VECTORS["tier"])
    assert identifier.ids([observable])[0].hex() == vector["id"]


@pytest.mark.parametrize("vector", VECTORS["rounds"], ids=lambda v: v["canonical"][-40:])
def test_a_round_has_one_key(vector) -> None:
    params = params_of(vector["params"])
    assert params.canonical().hex() == vector["canonical"]
    identifier = LocalIdentifiers(SECRET).of(params.epoch, params.tier)
    assert identifier.k_epoch.hex() == vector["k_epoch"]
    assert identifier.round_key(params).hex() == vector["kr"]


def test_a_round_has_one_key_check() -> None:
    vector = VECTORS["key_check"]
    params = params_of(vector["params"])
    assert keys.CANARY.hex() == vector["canary"]
    joined = LocalIdentifiers(SECRET).of(params.epoch, params.tier).join(params, [])
    assert joined.canary_id.hex() == vector["canary_id"]
    kr = keys.members_key(joined.kr, vector["members"])
    assert keys.key_check(kr, joined.canary_id) == vector["check"]


def test_receipts_and_dummies() -> None:
    real, dummies = VECTORS["receipts"], VECTORS["dummies"]
    kr, h = bytes.fromhex(real["kr"]), bytes.fromhex(real["id"])
    own_key = bytes.fromhex(real["own_key"])
    for vector in real["tags"]:
        assert receipt.tag(kr, h, own_key, Cell(vector["table"], vector["bin"])).hex() == vector["tag"]
    own_key = bytes.fromhex(dummies["own_key"])
    for vector in dummies["tags"]:
        assert receipt.dummy_tag(own_key, kr, Cell(vector["table"], vector["bin"])).hex() == vector["tag"]


def test_a_share_places_and_fills_by_the_blocks() -> None:
    """t=2, one element: its placement block and its only coefficients are in the vectors, table 0."""
    vector = VECTORS["share_blocks"]
    kr, h = bytes.fromhex(vector["kr"]), bytes.fromhex(vector["id"])
    block = {each["n"]: bytes.fromhex(each["block"]) for each in vector["blocks"]}
    params = params_of({**VECTORS["rounds"][0]["params"], "m": 1})

    class Dice:
        def bytes(self, count: int) -> bytes:
            return hashlib.shake_256(b"vector").digest(count)

    share = generate(params, kr, [(h, 1.0)], 7, Dice())
    cells = dict(share.slots.cells())
    place = [int.from_bytes(block[0][i : i + 4], "little") * 2 >> 32 for i in (0, 4)]
    for insertion, bin_ in ((2, place[1]), (1, place[0])):
        if place[0] != place[1] or insertion == 1:
            assert cells[Cell(0, bin_)].insertion == insertion
            words = [int.from_bytes(block[insertion][i : i + 8], "little") % (2**31 - 1) for i in (0, 8)]
            assert share.planes[:, 0, bin_].tolist() == words


def test_a_whole_share_keeps_its_bytes(params, dice, element_id) -> None:
    share = generate(params(3, 40, 4), bytes(range(32)), [(element_id(i), 1.0) for i in range(25)], 11, dice("vector"))
    digest = hashlib.sha256(share.to_bytes()).hexdigest()
    assert digest == VECTORS["share_sha256"]
