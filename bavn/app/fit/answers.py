"""What an actor tells of itself before it has anything of Bavn. Refuses what cannot be meant, with the reason.

A file of answers is TOML, so that it can be kept beside the agreement and asked again when something changes.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args

from bavn.app.fit.sources import SOURCES
from bavn.model.toml import BadToml, table_of

Carer = Literal["own", "operator", "supplier", "nobody"]
"""Who runs the IT: people of one's own, a shared IT centre or MSSP, a supplier beside other work, or nobody."""
CARERS: Final[tuple[Carer, ...]] = get_args(Carer)
FILE_BYTES_MAX: Final = 65_536
HOSTS_MAX: Final = 1_000_000
LINE_MBIT_MAX: Final = 1_000_000
MEMORY_MB_MAX: Final = 4_000_000
CORES_MAX: Final = 4096
HOURS_MAX: Final = 168.0


class BadAnswers(ValueError):
    """The answers cannot be meant; says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """``hosts`` on the network; ``line_mbit`` of the way out; ``sources``: names of `SOURCES` that exist or can be
    switched on; ``cores`` and ``memory_mb`` of a machine that can be given (0: none); ``hours_week`` somebody has for
    suspicions; ``resolver``: whether name resolution can be pointed at another machine.

    Raises BadAnswers.
    """

    hosts: int
    line_mbit: int = 100
    sources: tuple[str, ...] = ()
    carer: Carer = "nobody"
    hours_week: float = 0.0
    cores: int = 2
    memory_mb: int = 4096
    resolver: bool = True

    def __post_init__(self) -> None:
        for name, low, high in (
            ("hosts", 1, HOSTS_MAX),
            ("line_mbit", 1, LINE_MBIT_MAX),
            ("hours_week", 0, HOURS_MAX),
            ("cores", 0, CORES_MAX),
            ("memory_mb", 0, MEMORY_MB_MAX),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise BadAnswers(f"{name} lies in {low}..{high:g}, not {value:g}")
        known = {source.name for source in SOURCES}
        for source in self.sources:
            if source not in known:
                raise BadAnswers(f"no source is called {source[:40]!r}; there are {', '.join(sorted(known))}")
        if self.carer not in CARERS:
            raise BadAnswers(f"carer is one of {', '.join(CARERS)}, not {str(self.carer)[:40]!r}")


_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "hosts": int,
    "line_mbit": int,
    "hours_week": (int, float),
    "cores": int,
    "memory_mb": int,
    "resolver": bool,
    "carer": str,
    "sources": list,
}


def read(path: Path) -> dict[str, Any]:
    """The answers of a file, each of the right kind. Raises BadAnswers; OSError where it cannot be read."""
    with path.open("rb") as file:
        text = file.read(FILE_BYTES_MAX + 1)
    if len(text) > FILE_BYTES_MAX:
        raise BadAnswers(f"{path}: a file of answers has at most {FILE_BYTES_MAX} bytes")
    try:
        given = table_of(text.decode("utf-8"))
    except (BadToml, UnicodeDecodeError) as error:
        raise BadAnswers(f"{path}: no TOML: {error}") from error
    known = [field.name for field in fields(Answers)]
    for name, value in given.items():
        if name not in known:
            raise BadAnswers(f"{path}: {name[:40]!r} is no question; the questions are {', '.join(known)}")
        if not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and _KINDS[name] is not bool):
            raise BadAnswers(f"{path}: {name} = {str(value)[:40]} is not what is asked for")
    sources = given.get("sources", [])
    if not all(isinstance(source, str) for source in sources):
        raise BadAnswers(f"{path}: sources is a list of names")
    return given | ({"sources": tuple(sources)} if "sources" in given else {})
