"""EVE of a run over a capture -> records that are the same for every run over it.

Suricata seeds its flow table by chance: order, flow_id, and the times of what it finds when it gives up a flow differ
from run to run. Here a flow is named by its Community ID and start, its last findings bear its end, rows are sorted.
So two runs give the same rows; also in the same order where one batch holds them all (SEGMENT_BYTES_MAX of EVE).
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from bavn.actor.formats.lines import line_column
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.parsed import Parsed
from bavn.actor.sense.place import BEGINNING, Place
from bavn.actor.sense.reader import Grammar, read
from bavn.actor.sense.reading import Chunk, whole
from bavn.actor.sense.suricata.eve import STAGE, columns_of
from bavn.actor.sense.suricata.eve_columns import SOURCES

DEFINITIONS: Final = "CREATE OR REPLACE TEMP TABLE flows (id UBIGINT, name UBIGINT, ended TIMESTAMP);"
"""What the grammar needs in an engine, next to macros.MACROS and eve_columns.MACROS."""

_FLOWS = """INSERT INTO flows
  SELECT flow_id, md5_number_lower(community_id || '/' || epoch_us(begun)), ended FROM stage
  WHERE outcome = 'flow' AND community_id IS NOT NULL"""
_NAMED = """UPDATE stage SET flow_id = f.name, logged = CASE WHEN late THEN least(logged, f.ended) ELSE logged END
  FROM (SELECT id, min(name) AS name, max(ended) AS ended FROM flows GROUP BY id) f WHERE stage.flow_id = f.id"""
_UNNAMED = """UPDATE stage SET flow_id = coalesce(md5_number_lower(community_id), 0)
  WHERE flow_id NOT IN (SELECT name FROM flows)"""
# A capture's end ends its flows, and that is Suricata's shutdown: nothing of the network's own.
_ENDED = "UPDATE stage SET ending = 'timeout' WHERE ending = 'shutdown'"


@cache
def _gathering(sensor: str) -> Grammar:
    return Grammar(STAGE, columns_of(sensor), SOURCES, keeps=(_FLOWS, "DELETE FROM stage"))


@cache
def _reading(sensor: str) -> Grammar:
    return Grammar(STAGE, columns_of(sensor), SOURCES, keeps=(_NAMED, _UNNAMED, _ENDED), order="ALL")


def gather(engine: Engine, sensor: str, eve: Path) -> None:
    """Remember the flows of a run, whose lines come last, in the engine. Before ``parsed``, for the same run."""
    engine.run("DELETE FROM flows")
    for chunk in whole(eve):
        read(engine, _gathering(sensor), line_column(chunk.segment))


def parsed(engine: Engine, sensor: str, eve: Path, place: Place = BEGINNING) -> Iterator[tuple[Chunk, Parsed]]:
    """Every line's outcome from ``place`` on, chunk by chunk."""
    for chunk in whole(eve, place):
        yield chunk, read(engine, _reading(sensor), line_column(chunk.segment)).without(chunk.segment.file, chunk.lost)
