"""A setting that nothing reads is a promise that nothing keeps: each field of each table is read somewhere."""

import dataclasses
import re
from pathlib import Path

from bavn.app.config.load import CENTRE_TABLES, KEYHOLDER_TABLES, NODE_TABLES, POLICY_TABLES

ROOT = Path(__file__).resolve().parents[2]


def unread(names, text):
    """Names that stand neither behind a dot nor as the value in a table of names."""
    return sorted(names - {*re.findall(r"\.(\w+)", text), *re.findall(r": \"(\w+)\",", text)})


def test_every_setting_is_read() -> None:
    tables = NODE_TABLES | CENTRE_TABLES | KEYHOLDER_TABLES | POLICY_TABLES
    names = {field.name for table in tables.values() for field in dataclasses.fields(table)}
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "bavn").rglob("*.py")))
    assert len(names) > 150
    assert unread(names, text) == []
    assert unread({"nobody_reads_me"}, text) == ["nobody_reads_me"]
