"""The real clock and dice, handed in by app and by nobody else."""

import os
import time


class SystemClock:
    """The machine's clock (Clock port)."""

    def now_us(self) -> int:
        return time.time_ns() // 1000


class SystemDice:
    """The operating system's randomness (Dice port)."""

    def bytes(self, count: int) -> bytes:
        return os.urandom(count)
