"""What an enforcer refuses is said to the operator, in the reader's language: never a bare string."""

import ast
from pathlib import Path

import pytest

import bavn.actor.protect.enforcers as enforcers
from bavn.actor.protect.enforcers.nft_sets import NftSets
from bavn.actor.protect.enforcers.textlist import Bounds, TextList
from bavn.actor.protect.enforcers.unbound import Unbound
from bavn.actor.protect.enforcers.zone_answers import key_of
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

SAID = (
    (lambda _: NftSets(None, None, ("sideways",)), "nftables ser på pakker i", "ikke i sideways"),
    (lambda _: NftSets(None, None, ()), "nftables ser på pakker i", "ikke i ingen"),
    (lambda _: key_of("bavn"), "en nøgle er navn:algoritme:hemmelighed", ""),
    (lambda _: key_of("bavn:md5:abcd"), "en nøgles algoritme er en af", "ikke 'md5'"),
    (lambda folder: Unbound(folder, listen=()), "unbound skal lytte et sted", ""),
    (lambda folder: Unbound(folder, listen=("nowhere",)), "'nowhere' skal skrives adresse@port", ""),
)


@pytest.mark.parametrize(("act", "begins", "ends"), SAID)
def test_a_wrong_setting_is_said_in_the_readers_language(act, begins, ends, tmp_path) -> None:
    with pytest.raises(ValueError) as told:
        act(tmp_path)
    said = Text.of_error(told.value)
    assert said.da.startswith(begins)
    assert said.da.endswith(ends)
    assert str(told.value) == said.en != said.da


def test_a_list_that_is_too_long_is_said_with_its_figures_and_no_enforcer_raises_a_bare_string(tmp_path) -> None:
    blocks = [
        Block(observable=Observable.of("domain", f"c{n}.example"), indicator_id=f"indicator--{n}", until_us=1)
        for n in range(2)
    ]
    with pytest.raises(EnforcerDown) as told:
        TextList(tmp_path, bounds=Bounds(names=1, addresses=1)).enforce(blocks)
    assert "ville få 2 linjer, og firewallen læser 1" in Text.of_error(told.value).da
    bare = [
        f"{path.name}:{node.lineno}"
        for path in Path(enforcers.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and ast.unparse(node.exc.func) not in ("OSError", "AssertionError", "TypeError")
        and any(isinstance(arg, ast.JoinedStr | ast.Constant) for arg in node.exc.args)
    ]
    assert bare == []
