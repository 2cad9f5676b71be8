"""The store's own errors, for whoever asked it something."""

from collections.abc import Iterator
from contextlib import contextmanager

from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text


@contextmanager
def understood() -> Iterator[None]:
    """The store's own errors as one line and an exit code."""
    from bavn.actor.store.faults import StoreBroken, StoreBusy, StoreDamaged

    try:
        yield
    except StoreBusy as error:
        raise Stop(Exit.NOT_NOW, Text.of_error(error)) from error
    except (StoreBroken, StoreDamaged) as error:
        raise Stop(Exit.BROKEN, Text.of_error(error)) from error
