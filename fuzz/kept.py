"""What is kept between runs: the corpus (in `.fuzz/`, not in git) and the inputs that broke something, each as small as it
could be made (`fuzz/found/`, in git, replayed by a test). What came of real data stays in `.fuzz/` with all its
descendants: `script/fuzz --own` finds the same without it.

``fuzz/known.toml`` lists those that still break something, with place and who mends it. It may only shrink.
"""

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fuzz.seed import real_root

HERE: Final = Path(__file__).parent
FOUND: Final = HERE / "found"
KNOWN: Final = HERE / "known.toml"
CACHE: Final = HERE.parent / ".fuzz"
CORPUS_INPUTS_MAX: Final = 400
CORPUS_BYTES_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class Open:
    """One fault that is known and not mended."""

    target: str
    digest: str
    place: str
    owner: str


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def known() -> tuple[Open, ...]:
    if not KNOWN.exists():
        return ()
    return tuple(Open(**row) for row in tomllib.loads(KNOWN.read_text(encoding="utf-8")).get("known", []))


def _cache(what: str) -> Path:
    return CACHE / f"{what}-{'real' if real_root() else 'own'}"


def found() -> list[tuple[str, Path]]:
    """Target and file of every input that once broke something."""
    return sorted((path.parent.name, path) for path in FOUND.glob("*/*") if path.is_file())


def keep_found(target: str, data: bytes) -> Path:
    path = (_cache("found") if real_root() else FOUND) / target / digest_of(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def note_known(row: Open) -> None:
    with KNOWN.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[[known]]\ntarget = "{row.target}"\ndigest = "{row.digest}"\nplace = """{row.place}"""\nowner = "{row.owner}"\n'
        )


def corpus(target: str) -> list[bytes]:
    """What earlier runs kept for it, in the order of its digests."""
    folder = _cache("corpus") / target
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def keep_corpus(target: str, inputs: Sequence[bytes]) -> None:
    folder = _cache("corpus") / target
    folder.mkdir(parents=True, exist_ok=True)
    room = CORPUS_INPUTS_MAX - sum(1 for _ in folder.iterdir())
    for data in inputs[: max(0, room)]:
        if len(data) <= CORPUS_BYTES_MAX:
            (folder / digest_of(data)).write_bytes(data)
