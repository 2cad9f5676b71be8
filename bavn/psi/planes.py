"""Planes as bytes: plane a, then plane b, each r tables of ``bins`` little-endian uint32 values below p."""

import numpy as np

from bavn.model.outcome import Refused
from bavn.psi.field import P, Plane
from bavn.psi.round import RoundParams


def planes_to_bytes(planes: Plane) -> bytes:
    """Planes of shape [2, r, bins] as they travel: 8*r*bins bytes."""
    return planes.astype("<u4", copy=False).tobytes()


def tables_of(planes: Plane) -> tuple[bytes, ...]:
    """Both planes of each table apart: plane a, then plane b, of 8*bins bytes together."""
    return tuple(planes_to_bytes(planes[:, table]) for table in range(planes.shape[1]))


def planes_from_bytes(params: RoundParams, raw: bytes) -> Plane | Refused:
    """The planes of shape [2, r, bins], read-only and without a copy where the machine is little-endian; or why not:
    ``planes_length``, ``planes_value``. Whatever the bytes, this raises nothing."""
    if len(raw) != params.upload_bytes:
        return Refused(
            "planes_length", "{bytes} bytes where the round has {most}", bytes=len(raw), most=params.upload_bytes
        )
    planes = np.frombuffer(raw, dtype="<u4").astype(np.uint32, copy=False).reshape(2, params.r, params.bins)
    if int(planes.max()) >= P:
        return Refused("planes_value", "a value is not below 2**31 - 1")
    return planes
