"""Who reconstructs rounds at the centre, beside its step: threads of its own, or a Ray cluster. The answer is the same,
byte for byte.

A table is cut into parts of bins (psi/reconstruct.py), and a part needs nothing but its own bins; so threads share one
table in memory, and workers of a cluster fetch it once from Ray's store. Refuses to know what a hit is.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.app.config.join import JoinTable
from bavn.app.process.ray_cluster import started
from bavn.centre.correlate.join import Done, Reconstruct
from bavn.psi.reconstruct import Part, RunTable, Xs, part_hits, reconstruct_tables
from bavn.psi.round import Hit, RoundParams

Planes = npt.NDArray[np.uint32]
TASKS_PER_WORKER: Final = 2
SOON_S: Final = 0.05
"""What takes no longer is done in the step that began it."""


def reconstruct_by(table: JoinTable) -> Reconstruct:
    """What the centre's join is handed. Stop where Ray is wanted and is not installed or not there."""
    return partial(reconstruct_tables, run=ray_run(table) if table.ray else threads_run(table.count))


def threads_run(workers: int) -> RunTable:
    """Parts on so many threads: the kernels let go of Python's lock."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="join") if workers > 1 else None

    def run(params: RoundParams, xs: Xs, of_table: Sequence[Part], planes: Planes) -> Iterable[Hit]:
        def one(part: Part) -> list[Hit]:
            return part_hits(params, xs, part, planes[:, :, part.first : part.last])

        for hits in map(one, of_table) if pool is None else pool.map(one, of_table):
            yield from hits

    return run


def beside[Result](work: Callable[[], Result]) -> Callable[[], Done[Result] | None]:
    """A round's reconstruction, or a table of the commons, on a thread of its own, which holds up neither the centre's
    step for longer than SOON_S nor its end: what is not done is begun again at the next start."""
    result: Future[Done[Result]] = Future()

    def run() -> None:
        try:
            made = work()
            result.set_result(Done(made, round(1000 * time.thread_time())))
        except BaseException as error:  # noqa: BLE001  raised where it is asked for
            result.set_exception(error)

    def came() -> Done[Result] | None:
        done, _ = wait([result], SOON_S)
        return result.result() if done else None

    threading.Thread(target=run, name="join", daemon=True).start()
    return came


def ray_run(table: JoinTable) -> RunTable:
    """Parts as tasks of a cluster, which is started or joined now."""
    ray = started(table.ray, table.count, "join")
    task = ray.remote(_some_parts)

    def run(params: RoundParams, xs: Xs, of_table: Sequence[Part], planes: Planes) -> Iterable[Hit]:
        shared = ray.put(planes)
        for hits in ray.get([task.remote(params, xs, some, shared) for some in _dealt(of_table, table.count)]):
            yield from hits

    return run


def _some_parts(params: RoundParams, xs: Xs, of_table: Sequence[Part], planes: Planes) -> list[Hit]:
    return [hit for part in of_table for hit in part_hits(params, xs, part, planes[:, :, part.first : part.last])]


def _dealt(of_table: Sequence[Part], workers: int) -> list[Sequence[Part]]:
    """Runs of parts in order, some for each worker, so that a slow one is not waited for long."""
    size = -(-len(of_table) // (TASKS_PER_WORKER * workers))
    return [of_table[at : at + size] for at in range(0, len(of_table), size)]
