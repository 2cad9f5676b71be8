"""What a message's schema admits, as Hypothesis draws it: types, bounds, patterns and lengths, and nothing by hand.

``admitted`` draws a whole message; ``bent`` is an honest one with some of its fields drawn anew, which reaches deeper.
"""

import re
from functools import cache
from hashlib import shake_256

from hypothesis import strategies as st

HEX = re.compile(r"\^\(?\[0-9a-f\]\{(?P<unit>\d+)\}\)?(?P<many>[*+]|\{(?P<least>\d+),(?P<most>\d+)\})?\$")
UNITS_MAX = 5


@cache
def admitted(kind):
    """Messages of this kind."""
    return fields_of(kind).map(kind.model_validate)


@cache
def fields_of(kind):
    """The fields of such a message, by name."""
    schema = kind.model_json_schema()
    return of_schema(schema, schema.get("$defs", {}))


@cache
def bends(kind):
    """Some of the fields of such a message."""
    schema = kind.model_json_schema()
    every = {name: of_schema(one, schema.get("$defs", {})) for name, one in schema["properties"].items()}
    return st.one_of([st.fixed_dictionaries({name: one}) for name, one in every.items()])


def bent(honest, fields):
    """The same message with these fields. Validated: it travels."""
    kept = {name: getattr(honest, name) for name in type(honest).model_fields}
    return type(honest).model_validate(kept | fields)


def of_schema(schema, defs):
    """Values of a JSON Schema, as pydantic writes it."""
    match schema:
        case {"$ref": where}:
            return of_schema(defs[where.rpartition("/")[2]], defs)
        case {"anyOf": ways}:
            return st.one_of([of_schema(one, defs) for one in ways])
        case {"const": only}:
            return st.just(only)
        case {"enum": some}:
            return st.sampled_from(some)
        case {"type": "object", "properties": fields}:
            return st.fixed_dictionaries({name: of_schema(one, defs) for name, one in fields.items()})
        case {"type": "array", "items": one}:
            most = min(schema.get("maxItems", UNITS_MAX), UNITS_MAX)
            return st.lists(of_schema(one, defs), min_size=schema.get("minItems", 0), max_size=most).map(tuple)
        case {"type": "integer"}:
            least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            most = schema.get("maximum", schema.get("exclusiveMaximum", 2**63) - 1)
            return st.one_of(st.integers(least, most), st.sampled_from((least, most)))
        case {"type": "string", "pattern": pattern}:
            return _matching(pattern, schema.get("maxLength"))
    raise TypeError(f"no values of {schema}")


def _matching(pattern, length_max):
    """Long hex is drawn as a number that it follows from: Hypothesis has better uses for its choices."""
    found = HEX.fullmatch(pattern)
    if found is None:
        return st.from_regex(pattern.removeprefix("^").removesuffix("$"), fullmatch=True).filter(
            lambda text: length_max is None or len(text) <= length_max
        )
    unit, least, most = int(found["unit"]), 1, 1
    if found["many"]:
        least = 0 if found["many"] == "*" else int(found["least"] or 1)
        most = int(found["most"] or (length_max or 2**20) // unit)
    units = st.one_of(st.integers(least, min(most, least + UNITS_MAX)), st.just(min(most, 2**17 // unit)))
    return st.builds(_hex, st.integers(0, 2**32), units.map(lambda many: many * unit))


def _hex(seed, length):
    return shake_256(str(seed).encode()).hexdigest(length // 2 + 1)[:length]
