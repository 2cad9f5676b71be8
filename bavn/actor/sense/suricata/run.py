"""Suricata over one capture, to its end: always ``--runmode single``, since more threads give other results each time.

A capture that cannot be read at all is SourceBroken with what to do; of one that is damaged, what stands before the
damage is used, and the damage said. Refuses to parse what Suricata wrote.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bavn.actor.formats.gzipped import LogFile
from bavn.actor.formats.refused import of_file
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.capture import rescue, survey
from bavn.actor.sense.suricata.config import EVE_NAME, SuricataConfig, offline_yaml
from bavn.actor.sense.suricata.process import SuricataProcess, must_read
from bavn.model.text import Text

RUN_S_MAX: Final = 6 * 3600.0
_LOOK_S: Final = 0.1
_COPY_BYTES: Final = 1 << 20
FREE_BYTES_MIN: Final = 256 << 10


class NoPlace(SourceBroken):
    """The disk takes no more of what Suricata writes: nothing is wrong with the capture. Make room."""


@dataclass(frozen=True, slots=True)
class Run:
    """``eve``: what Suricata wrote, complete. ``damage``: why not all of the capture was read, or None."""

    eve: Path
    damage: Text | None


ReadCapture = Callable[[Path, Path, float], Text | None]
"""Suricata over a plain capture, into a folder, within so many seconds: None when all was read, or what broke off the
reading. SourceBroken where Suricata itself failed."""


def run_over(
    capture: Path,
    folder: Path,
    config: SuricataConfig,
    run_s_max: float = RUN_S_MAX,
    by: ReadCapture | None = None,
) -> Run:
    """Reads ``capture`` (pcap or pcapng, also gzip); a fresh ``folder`` takes what it writes. ``by``: a Suricata that
    runs already, with a configuration of its own; else one is started. Raises SourceBroken."""
    must_read(config.rule_files)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (config.dataset_dir or folder / "data").mkdir(parents=True, exist_ok=True)
        plain, damage = _plain(capture, folder)
        looked = survey(plain)
        eve = folder / EVE_NAME
        if not looked.packets:
            eve.touch()
            return Run(eve, damage)
        if looked.must_be_copied or damage:
            plain, damage = _rescued(plain, folder, damage)
        reads = by or partial(_run, capture, config)
        broken = reads(plain, folder, run_s_max)
        if broken:
            plain, damage = _rescued(plain, folder, damage or broken)
            still = reads(plain, folder, run_s_max)
            if still:
                raise SourceBroken(of_file(capture, Text("Suricata cannot read it: {why}", why=still), ": "))
    except OSError as error:
        raise NoPlace(
            of_file(capture, Text("no place to work in {what} ({why})", what=folder, why=error.strerror), ": ")
        ) from error
    if shutil.disk_usage(folder).free < FREE_BYTES_MIN:  # Suricata says nothing of lines that found no room
        raise NoPlace(
            of_file(
                capture,
                Text("the disk under {folder} is full: it is read again when there is room", folder=folder),
                ": ",
            )
        )
    (folder / "rescued").unlink(missing_ok=True)
    (folder / "plain").unlink(missing_ok=True)
    return Run(eve, damage)


def _plain(capture: Path, folder: Path) -> tuple[Path, Text | None]:
    """The capture itself, or its decompressed copy and what was wrong with the archive."""
    try:
        file = LogFile(capture)
    except OSError as error:
        raise SourceBroken(
            of_file(capture, Text("cannot be read ({why}): let the node's user read it", why=error.strerror))
        ) from error
    with file:
        if not file.compressed:
            return capture, None
        target = folder / "plain"
        with target.open("wb") as copy:
            while part := file.read(_COPY_BYTES):
                copy.write(part)
        return target, file.damage


def _rescued(plain: Path, folder: Path, damage: Text | None) -> tuple[Path, Text | None]:
    target = folder / "rescued"
    rescued = rescue(plain, target)
    if damage is not None or rescued.used_bytes < rescued.all_bytes:
        left = rescued.all_bytes - rescued.used_bytes
        damage = Text(
            "{left} of {bytes} bytes could not be read: {why}",
            left=left,
            bytes=rescued.all_bytes,
            why=damage or Text("the capture is damaged"),
        )
    return target, damage


def _run(capture: Path, config: SuricataConfig, plain: Path, folder: Path, run_s_max: float) -> Text | None:
    """See ReadCapture."""
    (folder / EVE_NAME).unlink(missing_ok=True)
    data = config.dataset_dir or folder / "data"
    arguments = ["-r", str(plain.absolute()), "-k", "none", "--runmode", "single", "--data-dir", str(data)]
    process = SuricataProcess(offline_yaml(config), folder, [*arguments, *([] if config.rule_files else NO_RULES)])
    try:
        waited = 0.0
        while process.ended(_LOOK_S) is None:
            waited += _LOOK_S
            if process.gave_up():
                return _complaint(process)
            if waited > run_s_max:
                raise SourceBroken(
                    of_file(
                        capture,
                        Text(
                            "Suricata was not done after {what} s: give it a smaller capture", what=f"{run_s_max:.0f}"
                        ),
                        ": ",
                    )
                )
        broken = broken_off(process.errors())
        if broken:
            return broken
        if process.ended() != 0 or not (folder / EVE_NAME).exists():
            raise SourceBroken(
                of_file(
                    capture,
                    Text("Suricata ended with status {what}: {why}", what=process.ended(), why=_complaint(process)),
                    ": ",
                )
            )
        return None
    finally:
        process.stop()


NO_RULES: Final = ("-S", "/dev/null")


def broken_off(errors: Sequence[str]) -> Text | None:
    """What of Suricata's errors says that a capture could not be read on."""
    broken = [error for error in errors if "error code" in error]
    return Text.plain(_without_path(broken[0])) if broken else None


def _complaint(process: SuricataProcess) -> Text:
    errors = process.errors()
    return Text.plain(_without_path(errors[0])) if errors else Text("it did not say why")


def _without_path(message: str) -> str:
    """Suricata ends with the name of the file it was given, which may be a copy."""
    return message.removeprefix("error code -1 ").partition(" for /")[0]
