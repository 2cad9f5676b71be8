"""Indicators to look for: exact observables and networks, each with the confidence of the list that named it.

Refuses to know where a list came from; reader.py reads lists.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from bavn.actor.detect.indicators.packed import POOL, Packed, stored
from bavn.model.intel.indicator import Indicator
from bavn.model.observable import Observable, ObservableType
from bavn.model.record import range_uuids


@dataclass(frozen=True, slots=True, order=True)
class Network:
    """A range of outside addresses, CIDR text."""

    value: str


@dataclass(frozen=True)
class IndicatorSet:
    """What to look for, and how sure its list is (0..100). Build with indicator_list.read or :func:`of_indicators`."""

    observables: Mapping[Observable, int] = field(default_factory=dict)
    networks: Mapping[Network, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.observables or self.networks)

    def __len__(self) -> int:
        return len(self.observables) + len(self.networks)

    def __or__(self, other: "IndicatorSet") -> "IndicatorSet":
        """Both; the higher confidence where both name the same."""
        return IndicatorSet(_highest(self.observables, other.observables), _highest(self.networks, other.networks))

    def __post_init__(self) -> None:
        if not isinstance(self.observables, Packed):
            object.__setattr__(self, "observables", Packed(self.observables))

    def _column(self, kind: ObservableType) -> tuple[pa.Array, pa.Array]:
        kept = self.observables
        return (kept if isinstance(kept, Packed) else Packed(kept)).of(kind)

    def values(self, kind: ObservableType) -> pa.Table:
        """Columns ``mark`` (canonical text) and ``confidence``."""
        values, sure = self._column(kind)
        return pa.table({"mark": values, "confidence": pc.cast(sure, pa.int64(), memory_pool=POOL)})

    @cached_property
    def _stored(self) -> pa.Array:
        return stored(*(self._column(kind)[0] for kind in (ObservableType.IP4, ObservableType.IP6)))

    @property
    def addresses(self) -> pa.Table:
        """Columns ``mark``, ``confidence`` and ``stored`` (pa.uuid()) of single addresses."""
        both = pa.concat_tables([self.values(ObservableType.IP4), self.values(ObservableType.IP6)])
        return both.append_column("stored", self._stored)

    @cached_property
    def ranges(self) -> pa.Table:
        """Columns ``mark``, ``confidence``, ``low`` and ``high`` (UUID texts) of networks."""
        marks = sorted(self.networks)
        spans = [range_uuids(mark.value) for mark in marks]
        return pa.table(
            {
                "mark": pa.array([mark.value for mark in marks], pa.string()),
                "confidence": pa.array([self.networks[mark] for mark in marks], pa.int64()),
                "low": pa.array([str(low) for low, _ in spans], pa.string()),
                "high": pa.array([str(high) for _, high in spans], pa.string()),
            }
        )


NO_INDICATORS: Final = IndicatorSet()


def _highest[K](one: Mapping[K, int], other: Mapping[K, int]) -> dict[K, int]:
    merged = dict(one)
    for key, confidence in other.items():
        merged[key] = max(confidence, merged.get(key, 0))
    return merged


def of_indicators(indicators: Iterable[Indicator], now_us: int) -> IndicatorSet:
    """The released indicators that are in force at a moment."""
    counts: dict[Observable, int] = {}
    for indicator in indicators:
        if not indicator.revoked and indicator.valid_from_us <= now_us < indicator.valid_until_us:
            counts[indicator.observable] = max(indicator.confidence, counts.get(indicator.observable, 0))
    return IndicatorSet(counts)
