"""Where honest inputs come from: written here by the product's own hands, lying in `fuzz/seeds/`, or read from the real
data (BAVN_DATA) at run time, never copied."""

import contextlib
import gzip
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

HERE: Final = Path(__file__).parent / "seeds"
SEED_BYTES_MAX: Final = 24_000
FILES_MAX: Final = 12


def written(name: str) -> list[bytes]:
    """The files of a folder of `fuzz/seeds/`."""
    folder = HERE / name
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def real_root() -> Path | None:
    """The real data's folder; None where there is none, or BAVN_FUZZ_OWN says that it is not wanted."""
    if os.environ.get("BAVN_FUZZ_OWN"):
        return None
    named = os.environ.get("BAVN_DATA", "")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return root if root.is_dir() else None


def real(
    *patterns: str, bytes_max: int = SEED_BYTES_MAX, whole: bool = False, files_max: int = FILES_MAX
) -> list[bytes]:
    """The beginnings of real files, spread over all that fit, unpacked; whole lines only. ``whole``: only those that are
    small enough."""
    root = real_root()
    if root is None:
        return []
    given = sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()})
    step = max(1, len(given) // files_max)
    return [data for path in given[::step][:files_max] if (data := _head(path, bytes_max, whole))]


def _head(path: Path, bytes_max: int, whole: bool) -> bytes:
    with contextlib.suppress(OSError, EOFError):
        opened = gzip.open(path) if path.name.endswith(".gz") else path.open("rb")  # noqa: SIM115 - the next line
        with opened as file:
            data: bytes = file.read(bytes_max + 1)
        if len(data) <= bytes_max:
            return data
        return b"" if whole else data[: data.rfind(b"\n", 0, bytes_max) + 1] or data[:bytes_max]
    return b""


def captures(count: int = 20, bytes_max: int = SEED_BYTES_MAX) -> Iterator[bytes]:
    """Beginnings of real captures, cut behind a whole packet."""
    from fuzz.mutate_binary import as_pcap, pcap_packets

    for data in real("captures/pcap/**/*.pcap*", "captures2/pcap/**/*.pcap*", bytes_max=200_000, files_max=count):
        packets = pcap_packets(data)
        if packets:
            size, kept = 0, []
            for packet in packets:
                size += len(packet[2]) + 16
                if size > bytes_max:
                    break
                kept.append(packet)
            if kept and data[:4] == b"\xd4\xc3\xb2\xa1":
                yield as_pcap(kept)
        else:
            yield data[:bytes_max]


@cache
def scratch() -> Path:
    """A folder of this process, in memory where there is such."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    return Path(mkdtemp(prefix="bavn-fuzz-", dir=base))


def put(name: str, data: bytes) -> Path:
    path = scratch() / str(os.getpid()) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def split_lines(datas: Iterable[bytes], lines_max: int = 20) -> list[bytes]:
    """Each cut to its first lines."""
    return [b"".join(line + b"\n" for line in data.split(b"\n")[:lines_max] if line) for data in datas]
