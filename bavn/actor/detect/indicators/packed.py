"""Many observables in little memory: one sorted column of values a type, with the confidence beside each.

A list of a hundred thousand takes less than twice its file; as objects it took twenty times. Refuses to know what is
asked of it.
"""

import ctypes
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from bavn.model.observable import Observable, ObservableType
from bavn.model.record import address_uuid

POOL: Final = pa.system_memory_pool()
"""What is freed goes back to the machine: Arrow's own pool keeps some 15 MB for what may come."""

_EMPTY: Final = (pa.array([], pa.string()), pa.array([], pa.uint8()))


class Packed(Mapping[Observable, int]):
    """Observables and their confidence (0..100), in order of type and value. Never changed."""

    __slots__ = ("_columns",)

    def __init__(self, given: Mapping[Observable, int]) -> None:
        by_type: dict[ObservableType, list[str]] = {}
        for observable in given:
            by_type.setdefault(observable.type, []).append(observable.value)
        self._columns: dict[ObservableType, tuple[pa.Array, pa.Array]] = {}
        for kind in sorted(by_type):
            values = sorted(by_type.pop(kind))
            sure = [given[Observable.trusted(kind, value)] for value in values]
            self._columns[kind] = (pa.array(values, pa.string()), pa.array(sure, pa.uint8()))

    @classmethod
    def of_columns(cls, columns: Mapping[ObservableType, tuple[pa.Array, pa.Array]]) -> "Packed":
        """Of values, ascending and each once, and their confidences, in order of type."""
        made = cls({})
        made._columns = dict(columns)
        return made

    def of(self, kind: ObservableType) -> tuple[pa.Array, pa.Array]:
        """The values of a type, ascending (string), and their confidences (uint8)."""
        return self._columns.get(kind, _EMPTY)

    @property
    def nbytes(self) -> int:
        """What the columns take, bytes."""
        return sum(column.nbytes for pair in self._columns.values() for column in pair)

    def __len__(self) -> int:
        return sum(len(values) for values, _ in self._columns.values())

    def __iter__(self) -> Iterator[Observable]:
        for kind, (values, _) in self._columns.items():
            for value in values:
                yield Observable.trusted(kind, value.as_py())

    def __getitem__(self, observable: Observable) -> int:
        values, sure = self.of(observable.type)
        at = bisect_left(range(len(values)), observable.value, key=lambda n: values[n].as_py())
        if at == len(values) or values[at].as_py() != observable.value:
            raise KeyError(observable)
        return int(sure[at].as_py())


class Packing:
    """Takes observables one by one, twice or in any order, and makes a Packed of them without ever holding them as
    objects. Counts each that was given."""

    def __init__(self) -> None:
        self._gathered: dict[ObservableType, tuple[bytearray, array[int], bytearray]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, observable: Observable, confidence: int) -> None:
        """``confidence``: 0..100."""
        if observable.type not in self._gathered:
            self._gathered[observable.type] = bytearray(), array("i", [0]), bytearray()
        letters, ends, sure = self._gathered[observable.type]
        letters += observable.value.encode()
        ends.append(len(letters))
        sure.append(confidence)
        self._count += 1

    def packed(self) -> Packed:
        """All of them, each once with its highest confidence. Leaves nothing behind."""
        columns: dict[ObservableType, tuple[pa.Array, pa.Array]] = {}
        for kind in sorted(self._gathered):
            columns[kind] = _each_once(self._gathered.pop(kind))
            _give_back()
        self._count = 0
        return Packed.of_columns(columns)


def _give_back() -> None:
    """Free memory goes to the machine: the C library keeps as much as was ever let go at once. Where it cannot be
    asked to, nothing happens."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _each_once(gathered: tuple[bytearray, "array[int]", bytearray]) -> tuple[pa.Array, pa.Array]:
    """Values ascending, of equal ones the surest. Memory: the values twice, and eight bytes each."""
    letters, ends, confidences = gathered
    values = pa.StringArray.from_buffers(len(confidences), pa.py_buffer(ends), pa.py_buffer(letters))
    sure = pa.Array.from_buffers(pa.uint8(), len(confidences), [None, pa.py_buffer(confidences)])
    by = pc.SortOptions([("value", "ascending"), ("sure", "descending")])
    order = pc.sort_indices(pa.table({"value": values, "sure": sure}), options=by, memory_pool=POOL)
    values, sure = pc.take(values, order, memory_pool=POOL), pc.take(sure, order, memory_pool=POOL)
    del order, gathered, letters, ends, confidences
    new = pa.concat_arrays([pa.array([True]), pc.not_equal(values[1:], values[:-1], memory_pool=POOL)])
    if pc.all(new).as_py():
        return values, sure
    return pc.filter(values, new, memory_pool=POOL), pc.filter(sure, new, memory_pool=POOL)


def stored(*columns: pa.Array) -> pa.Array:
    """Canonical address texts, one column after the other, as the store holds them (pa.uuid())."""
    count = sum(map(len, columns))
    packed, at = bytearray(16 * count), 0
    for column in columns:
        for value in column:
            packed[at : at + 16] = address_uuid(value.as_py()).bytes
            at += 16
    raw = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(packed)])
    return pa.ExtensionArray.from_storage(pa.uuid(), raw)
