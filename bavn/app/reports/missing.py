"""One clear message where what documents are drawn with is missing. Refuses to install anything."""

from collections.abc import Iterator
from contextlib import contextmanager

from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text


@contextmanager
def reports_needed() -> Iterator[None]:
    """Stop (what is missing) where a library of the extra ``reports``, or Pango below it, is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Stop(
            Exit.MISSING,
            Text(
                "documents are drawn with {error}, which is not installed: pip install 'bavn[reports]'",
                error=error.name,
            ),
        ) from error
    except OSError as error:
        if "library" not in str(error):
            raise
        raise Stop(
            Exit.MISSING,
            Text(
                "PDF needs Pango, which is not installed: apt-get install libpango-1.0-0 libpangoft2-1.0-0"
                " libharfbuzz-subset0 (script/bootstrap does)"
            ),
        ) from error
