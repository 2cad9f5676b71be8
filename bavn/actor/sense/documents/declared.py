"""The declared reader: which format a document has, and its fields under the names of the record it becomes.

``fields.toml`` has every path; a new format is a table there. Values are judged by the readers of EVE, Zeek and flows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from bavn.actor.sense.documents.moments import zoned
from bavn.actor.sense.zeek.fields import FIELDS
from bavn.model.toml import table_of

Flat = Mapping[str, Any]
"""A document's fields under dotted names."""

Paths = tuple[str | int, ...]
"""In the order in which they are tried; a number is the value itself."""

EVE: Final = "eve"
FLOW: Final = "flow"
NOTHING: Final = ""
_AS_NAMED: Final = "*"
_NOT_SAID: Final[tuple[object, ...]] = (None, "", "-", [], {})
_DATASETS_MAX: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One ``[[form]]`` of fields.toml, with the ends of what it becomes among its ``paths``."""

    name: str
    source: str
    becomes: str
    dataset: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    paths: Mapping[str, Paths]

    def fits(self, flat: Flat) -> bool:
        """By its paths alone, whatever the document says of its dataset."""
        return (
            bool(self.when or self.needs)
            and all(value_of(flat, (path,)) is not None for path in self.when)
            and all(value_of(flat, self.paths[name]) is not None for name in self.needs)
        )


@dataclass(frozen=True, slots=True)
class Unwrap:
    """``[unwrap]`` of fields.toml."""

    objects: tuple[str, ...]
    texts: tuple[str, ...]
    moments: tuple[str, ...]
    datasets: tuple[str, ...]


@cache
def _declared() -> tuple[Unwrap, tuple[Form, ...]]:
    table = table_of(files("bavn.actor.sense.documents").joinpath("fields.toml").read_text(encoding="utf-8"))
    ends = {EVE: table["ends"]["eve"], FLOW: {}, NOTHING: {}}
    forms = []
    for given in table["form"]:
        listed = ends.get(given["becomes"], table["ends"]["zeek"]) | given.get("paths", {})
        lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        paths = {name: tuple(some) for name, some in listed.items()}
        forms.append(Form(**{**given, **lists, "paths": paths}))
    return Unwrap(**{name: tuple(some) for name, some in table["unwrap"].items()}), tuple(forms)


def unwrap() -> Unwrap:
    """Where others put a document, and where in theirs they keep a line."""
    return _declared()[0]


def forms() -> tuple[Form, ...]:
    """All of them, in the order in which they are tried."""
    return _declared()[1]


def form_of(flat: Flat) -> Form | None:
    """The format of a document; None where it has none of these."""
    said = value_of(flat, unwrap().datasets)
    named = _of_dataset(said) if isinstance(said, str) else None
    return next((form for form in forms() if form is named or form.fits(flat)), None)


@lru_cache(_DATASETS_MAX)
def _of_dataset(said: str) -> Form | None:
    return next((form for form in forms() if any(fnmatchcase(said, pattern) for pattern in form.dataset)), None)


def filled(form: Form, flat: Flat) -> tuple[str, dict[str, Any]]:
    """What a document of this format becomes, and its fields under that one's names."""
    if form.becomes == EVE:
        return EVE, _eve(form, flat)
    if form.becomes in (FLOW, NOTHING):
        return form.becomes, _at(flat, form.paths)
    log, own = form.becomes, form.own
    if log == _AS_NAMED:
        log = str(value_of(flat, unwrap().datasets)).rpartition(".")[2]
        own = (f"zeek.{log}.",)
    return log, _zeek(form.paths, log, own, flat)


def _at(flat: Flat, paths: Mapping[str, Paths]) -> dict[str, Any]:
    found = {name: value_of(flat, some) for name, some in paths.items()}
    return {name: value for name, value in found.items() if value is not None}


def _eve(form: Form, flat: Flat) -> dict[str, Any]:
    """An event with its own fields, and under their other names those that a shipper moved."""
    own = dict(flat)
    for prefix in form.own:
        own = {name.removeprefix(prefix): value for name, value in flat.items() if name.startswith(prefix)}
    kind = value_of(own, ("event_type",))
    wanted = {name: some for name, some in form.paths.items() if name.partition(".")[0] in (name, kind)}
    for name, some in wanted.items():
        if _says_nothing(own.get(name)) and (value := value_of(flat, some)) is not None:
            own[name] = value
    return _nested(own)


def _nested(fields: Flat) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        *outer, last = name.split(".")
        at: Any = nested
        for part in outer:
            at = at.setdefault(part, {})
            if not isinstance(at, dict):
                break
        if isinstance(at, dict):
            at.setdefault(last, value)
    return nested


def _zeek(paths: Mapping[str, Paths], log: str, own: tuple[str, ...], flat: Flat) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for field in FIELDS[log]:
        name = field.removesuffix("[]")
        spelled = (*(prefix + name for prefix in own), *paths.get(name, ()))
        value = value_of(flat, spelled, many=field.endswith("[]"))
        if value is not None:
            line[name] = value
    return line


def value_of(flat: Flat, paths: Paths, *, many: bool = False) -> Any:
    """The first that says something; None where none does. Of a list of one it is the one, unless there may be
    ``many``; then a list without the objects in it."""
    for path in paths:
        if isinstance(path, int):
            return path
        name, _, how = path.partition("|")
        value = flat.get(name)
        if how and not _says_nothing(value):
            value = _TURNED[how](value)
        elif many:
            listed = value if isinstance(value, list) else [value]
            value = [one for one in listed if one is not None and not isinstance(one, (dict, list))]
        elif isinstance(value, list):
            value = value[0] if len(value) == 1 and not isinstance(value[0], (dict, list)) else None
        if not _says_nothing(value) and not isinstance(value, dict):
            return value
    return None


def _says_nothing(value: object) -> bool:
    return any(value is nothing or value == nothing for nothing in _NOT_SAID)


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


_TURNED: Final[dict[str, Callable[[Any], Any]]] = {
    "time": zoned,
    "upper": lambda value: str(value).upper(),
    "ns": lambda value: value / 1_000_000_000 if type(value) is int else value,
    "tls": lambda value: f"TLS {value}" if str(value).startswith("1.") else value,
    "seconds": lambda value: str(value).partition(".")[0].removesuffix("Z"),
    "data": lambda value: [one["data"] for one in _objects(value) if isinstance(one.get("data"), str)],
    "answers": lambda value: [
        {**one, "rrtype": one.get("rrtype", one.get("type")), "rdata": one.get("rdata", one.get("data"))}
        for one in _objects(value)
    ],
}
"""What may stand behind a path: a moment as EVE writes it, letters made large, nanoseconds as seconds, a version with
TLS before it, a moment without parts of a second, what answers of DNS hold, and these answers as EVE has them."""
