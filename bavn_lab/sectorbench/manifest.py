"""A folder of labelled captures and its MANIFEST.csv: which files are one capture, what each is, what is wrong with it.

The manifest must have the columns ``file``, ``kind`` and ``label``; ``sha256`` is compared where it stands. It may be
as other programs write such tables: UTF-8, UTF-16 with its mark or Windows-1252; commas, semicolons or tabs. Paths are
below the folder: a link there is followed, a path that climbs out is not. A file counts once, by its first line. Logs
of Zeek's are one capture with all logs of their folder. Refuses to open a capture.
"""

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from bavn.model.observable import registered_domain

NAME: Final = "MANIFEST.csv"
COLUMNS: Final = ("file", "kind", "label")
BENIGN: Final = frozenset({"benign", "benign-probable", "hard-benign"})
MALICIOUS: Final = frozenset({"malicious", "technique"})
NOISE: Final = frozenset({"background"})
"""What anybody on the open internet is sent by anybody."""
SETS: Final = ("fit", "choose", "test")
"""Tables are fitted on the first, signs and lines are chosen on the second, the third is looked at once a figure."""
FILES_MAX: Final = 20_000
MANIFEST_BYTES_MAX: Final = 64 << 20
FIELD_CHARS_MAX: Final = 1 << 20
SEPARATE: Final = "app-traffic"
"""One label for captures of different programs."""
PEERS: Final = "c2_or_attacker"
"""The column that names a label's peers, where there is one."""
_HASHED_BYTES: Final = 1 << 20
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_NAME: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}")


class ManifestBroken(Exception):
    """The folder is no folder of labelled captures. Whoever made it must act; the words say what is missing."""


@dataclass(frozen=True, slots=True)
class Capture:
    """``files`` are looked at as one. ``family``: the label without what follows ``:`` or ``(``. ``digest``: of the
    files' bytes, hex. ``peers``: addresses and registered domains that its label names, may be empty.
    ``site``: whose traffic it is, where it is benign. ``second``: of the folder that came later."""

    name: str
    files: tuple[Path, ...]
    kind: str
    family: str
    digest: str
    peers: frozenset[str] = frozenset()
    site: str = ""
    second: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds: ``captures`` in order of name, those of kinds that play no part by number in ``left_out``,
    and a reason for each file that cannot be used."""

    captures: tuple[Capture, ...]
    left_out: Mapping[str, int]
    unusable: Mapping[str, str]


def read(folder: Path) -> Folder:
    """The folder's captures. ManifestBroken where there is no manifest, a column is missing or nothing is listed."""
    rows = _rows(folder / NAME)
    left_out: dict[str, int] = {}
    unusable: dict[str, str] = {}
    files: dict[str, list[tuple[Path, str, Mapping[str, str]]]] = {}
    listed: set[Path] = set()
    for row in rows:
        name, kind = row["file"], row["kind"].strip().lower()
        if kind not in BENIGN | MALICIOUS | NOISE:
            left_out[kind] = left_out.get(kind, 0) + 1
            continue
        path, reason = _path(folder, name)
        if path is None:
            unusable[name] = reason
            continue
        if path in listed:
            unusable[f"{name} (again)"] = "the file is listed before, and that line counts"
            continue
        listed.add(path)
        digest, reason = _digest(path, row.get("sha256", ""))
        if reason:
            unusable[name] = reason
            continue
        files.setdefault(_together(folder, path, name), []).append((path, digest, row))
    captures = tuple(_capture(name, parts) for name, parts in sorted(files.items()))
    return Folder(captures, dict(sorted(left_out.items())), dict(sorted(unusable.items())))


def _rows(file: Path) -> list[Mapping[str, str]]:
    csv.field_size_limit(FIELD_CHARS_MAX)
    try:
        text = _text(file)
        reader = csv.DictReader(io.StringIO(text, newline=""), restval="", delimiter=_delimiter(text))
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise ManifestBroken(
                f"{file}: no column {', '.join(missing)}; a manifest has a first line with at least {','.join(COLUMNS)}"
            )
        rows: list[Mapping[str, str]] = []
        for row in reader:
            if (row["file"] or "").strip():
                rows.append({key: value for key, value in row.items() if isinstance(value, str)})
            if len(rows) > FILES_MAX:
                raise ManifestBroken(f"{file}: more than {FILES_MAX} files")
    except FileNotFoundError as error:
        raise ManifestBroken(f"{file.parent} holds no {NAME}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestBroken(f"{file}: cannot be read: {error}") from error
    if not rows:
        raise ManifestBroken(f"{file}: lists no file")
    return rows


def _text(file: Path) -> str:
    """What the manifest says; bytes that are no UTF-8 as Windows-1252, as far as that goes. OSError, ValueError."""
    with file.open("rb") as opened:
        raw = opened.read(MANIFEST_BYTES_MAX + 1)
    if len(raw) > MANIFEST_BYTES_MAX:
        raise ManifestBroken(f"{file}: more than {MANIFEST_BYTES_MAX >> 20} MB")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    """What stands between the columns of the first line: whichever there is most of, a comma where there is none."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _path(folder: Path, name: str) -> tuple[Path | None, str]:
    relative = PurePosixPath(name.strip())
    if relative.is_absolute() or ".." in relative.parts or "\0" in name:
        return None, "its path leads out of the folder"
    path = folder / relative
    try:
        if not path.is_file():
            return None, "there is no such file"
        if not path.stat().st_size:
            return None, "the file is empty"
    except OSError as error:
        return None, f"it cannot be opened: {error.strerror or error}"
    return path, ""


def _digest(path: Path, expected: str) -> tuple[str, str]:
    hashed = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(_HASHED_BYTES):
                hashed.update(part)
    except OSError as error:
        return "", f"it cannot be read: {error.strerror or error}"
    digest = hashed.hexdigest()
    wanted = expected.strip().lower()
    return digest, "" if wanted in ("", digest) else "its sha256 is not the manifest's"


def _together(folder: Path, path: Path, name: str) -> str:
    """The name of the capture that a file belongs to: logs of Zeek's lie together in a folder of their own."""
    is_log = path.name.split(".")[0] in _ZEEK and ".log" in path.name
    return path.parent.relative_to(folder).as_posix() if is_log and path.parent != folder else name.strip()


_ZEEK: Final = frozenset(
    {
        "conn",
        "dns",
        "http",
        "ssl",
        "x509",
        "files",
        "dhcp",
        "ssh",
        "rdp",
        "kerberos",
        "smb_files",
        "smb_mapping",
        "dce_rpc",
        "notice",
        "weird",
        "software",
        "quic",
        "ntp",
        "sip",
        "tunnel",
        "smtp",
        "pe",
        "snmp",
    }
)


def _capture(name: str, parts: Iterable[tuple[Path, str, Mapping[str, str]]]) -> Capture:
    ordered = sorted(parts, key=lambda part: part[0])
    row = ordered[0][2]
    digest = hashlib.sha256("".join(part[1] for part in ordered).encode()).hexdigest()
    family = (row["label"] or row["kind"]).split(":")[0].split("(")[0].strip() or "unnamed"
    files = tuple(part[0] for part in ordered)
    site = site_of(row["label"], family, files[0])
    return Capture(name, files, row["kind"].strip().lower(), family, digest, peers_of(row.get(PEERS, "")), site)


def site_of(label: str, family: str, file: Path) -> str:
    """Whose traffic a benign capture is: its label, but for one of programs, where each file is a site of its own."""
    return file.name.split(".")[0] if family == SEPARATE else label


def peers_of(text: str) -> frozenset[str]:
    """The addresses and registered domains that a label names, however it writes them."""
    names = {registered_domain(name) or name for name in _NAME.findall(text.lower())}
    return frozenset({*_ADDRESS.findall(text), *names})


def set_of(name: str, *, halved: bool) -> str:
    """One of SETS, by the second byte of SHA-256 of the name modulo three. ``halved``: a family of the first folder,
    whose halves (even: to be tuned on) are older: by whether that byte is a multiple of three."""
    digest = hashlib.sha256(name.encode()).digest()
    if not halved:
        return SETS[digest[1] % 3]
    return "test" if digest[0] % 2 else "fit" if digest[1] % 3 else "choose"
