"""The tables of indicators' lives (SQLAlchemy Core, portable SQL): where each stands, and what actors found of it.

What is asked for by value has a column of its own; the rest is JSON in one. Refuses to know how anything travels.
"""

import json
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Row, String, Table
from sqlalchemy import Text as LongText

from bavn.centre.cases.indicators.indicator import Life, checks_of, checks_text, evidence_of, evidence_text
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.sector.indicator_life import LifeState

METADATA: Final = MetaData()

LIFE_TABLE: Final = Table(
    "case_indicator",
    METADATA,
    Column("id", String(60), primary_key=True),
    Column("type", String(8), nullable=False),
    Column("value", String(253), nullable=False),
    Column("state", String(12), nullable=False),
    Column("rev", Integer, nullable=False),
    Column("case_id", String(40), nullable=False),
    Column("case_order", Integer, nullable=False),
    Column("wanted", Boolean, nullable=False),
    Column("order_no", Integer, nullable=False),
    Column("done_no", Integer, nullable=False),
    Column("drafted_us", BigInteger, nullable=False),
    Column("body", LongText, nullable=False),
    Index("case_indicator_state", "state"),
    Index("case_indicator_of_state", "state", "drafted_us", "id", "type", "value", "case_id"),
    Index("case_indicator_case", "case_id", "drafted_us", "id"),
    Index("case_indicator_value", "type", "value"),
    Index("case_indicator_listed", "drafted_us", "id", "state", "type", "value", "case_id"),
)

OUTCOME: Final = Table(
    "case_indicator_outcome",
    METADATA,
    Column("indicator_id", String(60), primary_key=True),
    Column("source", String(80), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
)
"""``source``: an actor's group, or ``person:NAME``. ``kind``: met, lifted, rolled_back or wrong; once for each."""

RETIRED: Final = Table(
    "case_retired",
    METADATA,
    Column("producer", String(120), primary_key=True),
    Column("by_user", String(64), nullable=False),
    Column("why", LongText, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

_COLUMNS: Final = frozenset(column.name for column in LIFE_TABLE.columns) - {"body", "type", "value"}
_OWN: Final = frozenset({"observable", "checks", "evidence", "tlp", "pap", "vouched"})
_PLAIN: Final = tuple(f.name for f in fields(Life) if f.name not in _COLUMNS | _OWN)


def values_of(life: Life) -> dict[str, Any]:
    """A life as a row."""
    body: dict[str, Any] = {name: getattr(life, name) for name in _PLAIN}
    body |= {
        "checks": checks_text(life.checks),
        "evidence": evidence_text(life.evidence),
        "tlp": life.tlp.value,
        "pap": int(life.pap),
        "vouched": list(life.vouched),
    }
    row = {name: getattr(life, name) for name in _COLUMNS}
    return row | {
        "state": life.state.value,
        "type": life.observable.type.value,
        "value": life.observable.value,
        "body": json.dumps(body, sort_keys=True, ensure_ascii=False),
    }


def life_of(row: Row[Any]) -> Life:
    """What values_of made."""
    body = json.loads(row.body)
    own: dict[str, Any] = {
        "observable": Observable.trusted(ObservableType(row.type), row.value),
        "state": LifeState(row.state),
        "checks": checks_of(body.pop("checks")),
        "evidence": evidence_of(body.pop("evidence")),
        "tlp": Tlp(body.pop("tlp")),
        "pap": Pap(body.pop("pap")),
        "vouched": tuple(body.pop("vouched")),
    }
    columns = {name: getattr(row, name) for name in _COLUMNS if name != "state"}
    return Life(**body, **columns, **own)
