"""Every limit of the store, with its unit last in the name. Refuses to know why an actor chose its numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    """What the store may take of the machine and how long it remembers. ValueError for what cannot be.

    ``age_days_max`` and ``bytes_max`` bound what is kept (None: no bound), oldest hours forgotten first.
    ``future_hours_max``: rows later than the clock by more are refused; with no clock there is no such bound.
    ``memory_mb_max`` and ``spill_mb_max`` hold for each window and for the writer, ``query_s_max`` and
    ``result_rows_max`` for each query. ``micro_segments_max``: small segments a table may gather before an append
    merges them itself. ``late_minutes_max``: an hour is closed, and made one file, that long after its end.
    ``pack_bytes_max``: the files of closed hours become one a quarter of a day, then one a day, while no
    larger than that. Above it opening a file costs little beside reading it, and a damaged one costs an hour.
    """

    age_days_max: int | None = 28
    bytes_max: int | None = None
    future_hours_max: int = 48
    late_minutes_max: int = 15
    memory_mb_max: int = 1024
    spill_mb_max: int = 8192
    threads: int = 2
    query_s_max: float = 120.0
    result_rows_max: int = 5_000_000
    sql_chars_max: int = 200_000
    micro_segments_max: int = 64
    pack_bytes_max: int = 16 << 20

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be above zero: {value!r}")
