"""Several calls at one time, each to somebody else. What one raises is its answer: no other call waits for it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor


def at_once[Answer](calls: Mapping[int, Callable[[], Answer]]) -> dict[int, Answer | Exception]:
    """What came of each, when all are done."""

    def tried(call: Callable[[], Answer]) -> Answer | Exception:
        try:
            return call()
        except Exception as error:  # noqa: BLE001  the caller looks at each
            return error

    if len(calls) <= 1:
        return {number: tried(call) for number, call in calls.items()}
    with ThreadPoolExecutor(len(calls)) as threads:
        return dict(zip(calls, threads.map(tried, calls.values()), strict=True))
