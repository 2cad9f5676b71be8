"""Where MISP's warning lists lie: files of the package pymispwarninglists.

Its code is never run: to import it takes half a second, and nothing here needs it. In a Debian package of ours
the lists are packed (script/deb).
"""

import gzip
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def _folder() -> Path:
    spec = find_spec("pymispwarninglists")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package pymispwarninglists is not installed")
    return Path(spec.origin).parent / "data" / "misp-warninglists" / "lists"


def warning_text(name: str) -> str:
    """A list as JSON. FileNotFoundError where there is none, or no such package; OSError, UnicodeDecodeError for one
    that is not whole."""
    file = _folder() / name / "list.json"
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        packed = file.with_suffix(".json.gz").read_bytes()
    try:
        return gzip.decompress(packed).decode("utf-8")
    except (EOFError, zlib.error) as error:
        raise OSError(f"{file}.gz is not whole: {error}") from error
