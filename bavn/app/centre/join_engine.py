"""Who reconstructs rounds at the centre, beside its step: threads of its own, one for each core. The answer is the
same, byte for byte.

A table is cut into parts of bins (psi/reconstruct.py), and a part needs nothing but its own bins; so threads share one
table in memory. Refuses to know what a hit is.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from bavn.centre.correlate.join import Done, Reconstruct
from bavn.psi.reconstruct import Part, RunTable, Xs, part_hits, reconstruct_tables
from bavn.psi.round import Hit, RoundParams

Planes = npt.NDArray[np.uint32]
SOON_S: Final = 0.05
"""What takes no longer is done in the step that began it."""


def reconstruct_here() -> Reconstruct:
    """What the centre's join is handed."""
    return partial(reconstruct_tables, run=threads_run(os.cpu_count() or 1))


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
