"""Where MISP's warning lists lie: files of the package pymispwarninglists.

Its code is never run: to import it takes half a second, and nothing here needs it.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def _folder() -> Path:
    spec = find_spec("pymispwarninglists")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package pymispwarninglists is not installed")
    return Path(spec.origin).parent / "data" / "misp-warninglists" / "lists"


def warning_file(name: str) -> Path:
    """The file of a list, whether it is there or not; FileNotFoundError without the package."""
    return _folder() / name / "list.json"
