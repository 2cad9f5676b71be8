"""A Ray of one's own, or somebody's cluster: started or joined, asked within bounds, let go of.

Ray runs whatever whoever reaches it sends, so one of our own listens on loopback alone and wants a token that this
process made; a cluster's operator sets RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH (docs/scaling.md). Refuses to know
what the tasks are: whoever asks must be able to do a task himself.
"""

import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bavn.app.process.exits import Exit, Stop
from bavn.model.ports import QueryRefused
from bavn.model.text import Text

_LOG = logging.getLogger(__name__)
LOOPBACK: Final = "127.0.0.1"
NOT_STARTED: Final = "did not start; start it again when the machine is less busy, or do without Ray"
AS_THE_NODE: Final = {"worker_niceness": 0}
"""Ray lets its workers wait behind everything else on the machine (15): on a busy one they would never be done."""
POLL_S: Final = 0.5
RETRIES: Final = 3


def started(where: str, workers: int, table: str) -> Any:
    """The module ray, connected: ``where`` is "local" or a cluster's address. Stop, naming ``table`` of the
    configuration, where Ray is not installed, not there or not up in its 30 s."""
    if where == "local":
        _locked()  # Ray looks at its environment once, when it is imported
    try:
        import ray
    except ImportError as error:
        raise Stop(
            Exit.CONFIGURATION, Text("[{table}] ray: Ray is not installed (pip install 'bavn[ray]')", table=table)
        ) from error
    plain: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "configure_logging": False}
    try:
        if where == "local":
            ray.init(num_cpus=workers, _node_ip_address=LOOPBACK, _system_config=AS_THE_NODE, **plain)
        else:
            ray.init(address=where, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise Stop(
            Exit.CONFIGURATION,
            Text(
                "[{table}] ray: the cluster {where} does not answer ({error})",
                table=table,
                where=repr(where),
                error=Text.of_error(error),
            ),
        ) from error
    except Exception as error:  # Ray has no class of its own for a start that takes longer than its 30 s
        raise Stop(
            Exit.UNREACHABLE,
            Text(
                "[{table}] ray: {where} {not_started} ({error})",
                table=table,
                where=repr(where),
                not_started=NOT_STARTED,
                error=Text.of_error(error),
            ),
        ) from error
    return ray


def _locked() -> None:
    """Who has no token is refused, also on this machine; a token that the operator set stays."""
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


class Lost:
    """What a task gave that no worker did: do it yourself."""


LOST: Final = Lost()


@dataclass(frozen=True, slots=True)
class Farm:
    """Workers of a cluster. ``patience_s``: so long nothing at all may come back before the rest is given up."""

    ray: Any
    workers: int
    patience_s: float

    def handed_out(self, work: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> "PendingCalls":
        """Hands out a call of ``work`` for each of these arguments; what they share was put there by ``shared``. A
        worker that dies is replaced, and its task begun again, RETRIES times."""
        task = self.ray.remote(max_retries=RETRIES)(work)
        return PendingCalls(self, [task.remote(*call) for call in calls])

    def shared(self, value: Any) -> list[Any]:
        """Something that every worker fetches once, when it asks :func:`fetched` for it."""
        return [self.ray.put(value)]


def fetched(shared: list[Any]) -> Any:
    """In a worker: what was shared."""
    import ray

    return ray.get(shared[0])


class PendingCalls:
    """Calls that are under way."""

    def __init__(self, farm: Farm, refs: list[Any]) -> None:
        self._farm, self._refs = farm, refs

    def results(self, ended: Callable[[], bool]) -> list[Any]:
        """What each call gave, in order; LOST where no worker did it in time, or could not. Raises QueryRefused: the
        first refusal in the order of calls, or at once when ``ended`` says that nobody wants it any more."""
        ray, results = self._farm.ray, [LOST] * len(self._refs)
        refusals: dict[int, QueryRefused] = {}
        pending = {ref: at for at, ref in enumerate(self._refs)}
        until = time.monotonic() + self._farm.patience_s
        try:
            while pending and time.monotonic() < until and not ended():
                ready, _ = ray.wait(list(pending), num_returns=1, timeout=POLL_S)
                for ref in ready:
                    at = pending.pop(ref)
                    until = time.monotonic() + self._farm.patience_s
                    try:
                        results[at] = ray.get(ref)
                    except QueryRefused as error:
                        refusals[at] = error
                    except Exception as error:  # noqa: BLE001  whatever befell a worker, the task can be done here
                        _LOG.warning("a worker could not do its task: %s", _line(error))
        except Exception as error:  # noqa: BLE001  a cluster that is gone says so in many ways
            _LOG.warning("the workers cannot be asked: %s", _line(error))
        finally:
            self._give_up(pending)
        if ended():
            raise QueryRefused("it was interrupted")
        if refusals:
            raise refusals[min(refusals)]
        return results

    def _give_up(self, pending: dict[Any, int]) -> None:
        if pending:
            _LOG.warning("%d tasks are taken back from the workers", len(pending))
        for ref in pending:
            try:
                self._farm.ray.cancel(ref, force=True)
            except Exception as error:  # noqa: BLE001  it was only to spare the worker
                _LOG.debug("a task could not be taken back: %s", _line(error))


def _line(error: Exception) -> str:
    """The last line of what Ray says: the rest is a worker's traceback."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1][:300] if lines else ''}"
