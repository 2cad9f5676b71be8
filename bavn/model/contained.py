"""One step that may fail in any way, as its caller contains it: told, and the next step has its turn.

Refuses to decide what may not be contained: ``passing`` says it.
"""

from collections.abc import Callable

from bavn.model.failure import During, Failures


def contained(
    failures: Failures,
    part: str,
    step: Callable[[], object],
    *,
    during: During = "work",
    passing: tuple[type[Exception], ...] = (),
) -> bool:
    """Whether the step was done. ``part`` names it; ``passing``: what its caller's caller is to hear of instead."""
    try:
        step()
    except passing:
        raise
    except Exception as error:  # noqa: BLE001  that is what containing means
        failures.note(part, error, during=during)
        return False
    failures.works(part)
    return True
