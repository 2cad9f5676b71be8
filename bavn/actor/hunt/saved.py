"""Hunts that were kept: a query with its name, its words in both languages, a technique and a default span, as TOML.

Refuses to open files (the caller does) and to run anything.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from bavn.actor.hunt.span import SpanUnclear, length
from bavn.model.text import Text
from bavn.model.toml import BadToml, table_of

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
TECHNIQUE: Final = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
PARAMETER: Final = re.compile(r"[a-z][a-z_]{0,30}")
BYTES_MAX: Final = 200_000
_TEXTS: Final = ("en", "da", "sql", "technique", "span")
_KEYS: Final = frozenset({*_TEXTS, "columns", "parameters"})


class SavedUnclear(ValueError):
    """The text is no saved hunt; it says which field and why. Who must act: whoever wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedHunt:
    """``says``: what it looks for and how to read it. ``span``: its default, such as 7d; "" for all. ``columns``: the
    only columns of its answer that are shown, () for all. ``parameters``: what must be given to run it, with words."""

    name: str
    says: Text
    sql: str
    technique: str = ""
    span: str = ""
    columns: tuple[str, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)


def read_hunt(name: str, raw: bytes) -> SavedHunt:
    """Raises SavedUnclear."""
    if not NAME.fullmatch(name):
        raise SavedUnclear(Text("{name} is no name for a hunt: use a-z, 0-9 and -", name=repr(name[:70])))
    if len(raw) > BYTES_MAX:
        raise SavedUnclear(Text("the file has more than {bytes_max:,} bytes", bytes_max=BYTES_MAX))
    try:
        given = table_of(raw.decode("utf-8"))
    except (UnicodeDecodeError, BadToml) as error:
        raise SavedUnclear(Text("it is no TOML: {why}", why=" ".join(str(error).split())[:200])) from error
    unknown = sorted(set(given) - _KEYS)
    if unknown:
        raise SavedUnclear(
            Text(
                "no field is called {unknown}; known: {keys}",
                unknown=repr(unknown[0][:60]),
                keys=", ".join(sorted(_KEYS)),
            )
        )
    return _checked(name, given)


def _checked(name: str, given: dict[str, Any]) -> SavedHunt:
    texts = {key: given.get(key, "") for key in _TEXTS}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise SavedUnclear(Text("{key} must be a text", key=key))
    if not texts["sql"].strip():
        raise SavedUnclear(Text("sql is missing"))
    if not texts["en"] or not texts["da"]:
        raise SavedUnclear(Text("en and da must both say what it looks for"))
    if texts["technique"] and not TECHNIQUE.fullmatch(texts["technique"]):
        raise SavedUnclear(Text("technique must be an ATT&CK id such as T1021.002"))
    if texts["span"]:
        try:
            length(texts["span"])
        except SpanUnclear as error:
            raise SavedUnclear(Text("span: {why}", why=Text.of_error(error))) from error
    columns, parameters = given.get("columns", []), given.get("parameters", {})
    if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        raise SavedUnclear(Text("columns must be a list of texts"))
    if not isinstance(parameters, dict) or not all(
        PARAMETER.fullmatch(key) and isinstance(value, str) for key, value in parameters.items()
    ):
        raise SavedUnclear(Text("parameters must name each (a-z and _) with a text that says what it is"))
    return SavedHunt(
        name=name,
        says=Text.written(texts["en"], da=texts["da"]),
        sql=texts["sql"].strip().rstrip(";"),
        technique=texts["technique"],
        span=texts["span"],
        columns=tuple(columns),
        parameters=dict(parameters),
    )


def written(hunt: SavedHunt) -> str:
    """The TOML text that read_hunt reads back to the same."""
    lines = [f"en = {_quoted(hunt.says.en)}", f"da = {_quoted(hunt.says.da)}"]
    if hunt.technique:
        lines.append(f"technique = {_quoted(hunt.technique)}")
    if hunt.span:
        lines.append(f"span = {_quoted(hunt.span)}")
    if hunt.columns:
        lines.append(f"columns = [{', '.join(map(_quoted, hunt.columns))}]")
    plain = (
        "'''" not in hunt.sql and not hunt.sql.endswith("'") and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", hunt.sql)
    )
    lines.append(f"sql = '''\n{hunt.sql}'''" if plain else f"sql = {_quoted(hunt.sql)}")
    if hunt.parameters:
        lines += ["", "[parameters]", *(f"{key} = {_quoted(value)}" for key, value in hunt.parameters.items())]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
