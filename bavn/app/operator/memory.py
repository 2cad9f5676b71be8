"""How much memory a process and everything it started hold. Refuses to bound it."""

from pathlib import Path
from typing import Final

PROCESSES_MAX: Final = 1000


def memory_mb(pid: int) -> int:
    """Resident memory in MB of a process and its descendants; what ends meanwhile counts nothing. Pages that several
    share are counted at each."""
    waiting, seen, kilobytes = [pid], set[int](), 0
    while waiting and len(seen) < PROCESSES_MAX:
        process = waiting.pop()
        if process in seen:
            continue
        seen.add(process)
        try:
            status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
            kilobytes += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
            for task in Path(f"/proc/{process}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError):
            continue
    return kilobytes >> 10
