"""What one log format is: by what its lines are told from others, and how they become records.

One file of this folder a format gives one of these; records.py puts them together. Refuses to know any format.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bavn.actor.sense.macros import common_columns, stored

NOBODY: Final = stored(0)
"""SQL of the address ``::``: the log does not say who was called, and there is nobody of that name."""

COMMON: Final = common_columns("0")
"""The columns that all record types begin with, over the stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """``name``: as configured. ``tells``: SQL over an opened line (log_line.opened); cheap, true for every line of the
    program. ``stage``: a SELECT over ``mine`` (opened lines of this format; ``$source`` in it is the source's name
    as an SQL text) that gives n, ``outcome`` and ``reason`` as reader.Grammar says, ``community_id``, and what
    ``columns`` need. ``keeps``, ``also``, ``computes_community``: as Grammar has them; ``definitions``: what the stage
    needs in an engine.
    """

    name: str
    tells: str
    stage: str
    columns: Mapping[str, Mapping[str, str]]
    also: Mapping[str, str] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    definitions: str = ""
    computes_community: bool = False


def judged(source: str, *, reasons: str, outcome: str, more: str = "") -> str:
    """The end of a stage: ``source`` is a FROM that gives n, stamped, and ``kin`` (FALSE: a line of the program that
    holds no record of ours). ``reasons``: WHEN ... THEN ... of a CASE; ``outcome``: SQL of the record type."""
    return f"""
    SELECT *, CASE WHEN NOT kin THEN '' WHEN reason IS NULL THEN {outcome} END AS outcome{more}
    FROM (SELECT *, CASE WHEN NOT kin THEN NULL {reasons} WHEN logged IS NULL THEN 'no time' END AS reason
      FROM {source})
    """
