"""Which tests of a whole sector run on PostgreSQL too: each that is named is there."""

import ast
from pathlib import Path

from tests.centre.on_postgresql import RUN_ON_POSTGRESQL

NODE = Path(__file__).with_name("node")


def test_each_test_that_is_named_is_in_its_file() -> None:
    found = {
        name: {one.name for one in ast.parse((NODE / name).read_text("utf-8")).body if isinstance(one, ast.FunctionDef)}
        for name in RUN_ON_POSTGRESQL
    }
    assert {name: named - found[name] for name, named in RUN_ON_POSTGRESQL.items() if named - found[name]} == {}
