"""Which sector a bench plays: held-out captures, the real ones, or a generated one; and what is said of it.

The only place that knows where kept looks lie. Refuses to measure.
"""

import hashlib
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.suricata.process import program
from bavn.app.process.exits import Exit, Stop
from bavn_lab.data import NAME, NONE, NoData, real_data
from bavn_lab.sectorbench.captured import Sector
from bavn_lab.sectorbench.manifest import BENIGN, MALICIOUS, NOISE, Capture, Folder, ManifestBroken, read, set_of
from bavn_lab.sectorbench.manifest import NAME as MANIFEST
from bavn_lab.sectorbench.survey import survey_all
from bavn_lab.sectorbench.victims import outside
from bavn_lab.sectorbench.worlds import (
    BENIGN_MIN,
    Account,
    Captured,
    Generated,
    World,
    account_of,
    families_of,
    sector_of,
)

SECOND: Final = "captures2"
SOURCES_MIN: Final = 3
"""A background in which fewer things outside were suspected hides nothing: others are added."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A world to play in, and what became of the captures behind it, if there are any."""

    world: World
    account: Account | None


def chosen(
    heldout: Path | None, *, generated: bool, part: str, work: Path, jobs: int, say: Callable[[str], None]
) -> Chosen:
    """``part``: one of manifest.SETS. Raises Stop where what was asked for cannot be had."""
    data = None if generated and heldout is None else _data(say)
    if heldout is not None:
        own, others = _folder(heldout), None if data is None else _real(data)
        return _heldout(heldout, own, others, work, jobs, say)
    if generated or data is None:
        if not generated:
            say(f"{NONE}; so the sector is a generated one")
        return Chosen(Generated(), None)
    folder = _real(data)
    captures = part_of(folder.captures, part)
    _needs_suricata(captures)
    looks = survey_all(captures, work, jobs, say)
    families = families_of(captures, looks)
    what = f"real captures seen by the real detectors, {part} set of the families; benign captures dealt to the actors"
    account = account_of(str(data), captures, looks, folder.left_out, folder.unusable, families, 0, ())
    return Chosen(Captured(sector_of(captures, looks), families, what), account)


@dataclass(frozen=True, slots=True)
class ToFit:
    """Families and benign sites of fit and choose: the ``whole``, and by fold those ``held`` out and the ``others``."""

    whole: Captured
    others: tuple[Captured, ...]
    held: tuple[Captured, ...]
    account: Account
    sites: tuple[str, ...]


FOLDS: Final = 4


def to_fit(work: Path, jobs: int, say: Callable[[str], None], *, strange: bool) -> ToFit:
    """What tables are fitted on. ``strange``: every benign capture as at a site that detectors were not chosen on.
    Raises Stop where there are no captures."""
    data = _data(say)
    if data is None:
        raise Stop(Exit.INPUT, "tables are fitted on real captures, and there are none")
    folder = _real(data)
    captures = [capture for part in ("fit", "choose") for capture in part_of(folder.captures, part)]
    captures = list({capture.name: capture for capture in captures}.values())
    _needs_suricata(captures)
    looks = survey_all(captures, work, jobs, say, strange=strange)
    fold = _folds({_group(capture) for capture in captures})

    def world(takes_part: Callable[[int], bool], what: str) -> Captured:
        some = [capture for capture in captures if capture.kind in NOISE or takes_part(fold[_group(capture)])]
        return Captured(sector_of(some, looks), families_of(some, looks), what)

    whole = world(lambda _: True, "families and benign sites of fit and choose")
    return ToFit(
        whole,
        tuple(world(lambda mine, at=at: mine != at, f"all but fold {at}") for at in range(FOLDS)),  # type: ignore[misc]
        tuple(world(lambda mine, at=at: mine == at, f"fold {at}") for at in range(FOLDS)),  # type: ignore[misc]
        account_of(str(data), captures, looks, folder.left_out, folder.unusable, whole.families, 0, ()),
        tuple(sorted({capture.site for capture in captures if capture.kind in BENIGN and looks[capture.name].read})),
    )


def _group(capture: Capture) -> tuple[str, str]:
    """What stands in one fold together."""
    return ("site", capture.site) if capture.kind in BENIGN else ("", capture.family)


def _folds(groups: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The fold of each site and of each family, as many in one as in another."""
    folds: dict[tuple[str, str], int] = {}
    for kind in ("site", ""):
        mine = sorted(
            (one for one in groups if one[0] == kind), key=lambda one: hashlib.sha256(one[1].encode()).digest()
        )
        folds |= {group: at % FOLDS for at, group in enumerate(mine)}
    return folds


def _data(say: Callable[[str], None]) -> Path | None:
    """The folder of real captures, and which it is said aloud. Raises Stop where BAVN_DATA names none."""
    try:
        data = real_data()
    except NoData as error:
        raise Stop(Exit.CONFIGURATION, f"{error}; --generated does without") from error
    if data is None:
        return None
    say(data.in_words)
    return data.captures


def _real(first: Path) -> Folder:
    """All real captures: those of the first folder, and of the second where it lies beside it."""
    folder, second = _folder(first), first.with_name(SECOND)
    if not (second / MANIFEST).is_file():
        return folder
    more = _folder(second)
    left_out = Counter(folder.left_out) + Counter(more.left_out)
    unusable = {**folder.unusable, **{f"{SECOND}/{name}": why for name, why in more.unusable.items()}}
    named = tuple(replace(one, name=f"{SECOND}/{one.name}", second=True) for one in more.captures)
    return Folder((*folder.captures, *named), dict(sorted(left_out.items())), unusable)


def part_of(captures: Sequence[Capture], part: str) -> list[Capture]:
    """The captures of one set: malicious ones by family, benign ones by site, so that nothing is judged by what tables
    were fitted on; test sites are few, so those of choose hide things beside them."""
    halved = {capture.family for capture in captures if capture.kind in MALICIOUS and not capture.second}
    sites = {"choose", "test"} if part == "test" else {part}

    def takes_part(capture: Capture) -> bool:
        if capture.kind in MALICIOUS:
            return set_of(capture.family, halved=capture.family in halved) == part
        return capture.kind in NOISE or set_of("site" + capture.site, halved=False) in sites

    return [capture for capture in captures if takes_part(capture)]


def _folder(folder: Path) -> Folder:
    try:
        return read(folder)
    except ManifestBroken as error:
        raise Stop(Exit.INPUT, str(error)) from error


def _heldout(
    folder: Path, own: Folder, others: Folder | None, work: Path, jobs: int, say: Callable[[str], None]
) -> Chosen:
    _needs_suricata(own.captures)
    looks = survey_all(own.captures, work, jobs, say)
    families, sector = families_of(own.captures, looks), sector_of(own.captures, looks)
    remarks: list[str] = []
    borrowed = 0
    if _thin(sector):
        sentence = (
            f"{len(sector.benign)} benign captures were read, {_sources(sector)} things outside suspected in them"
        )
        if others is None:
            remarks.append(f"{sentence}: too few to hide anything among; set {NAME} to add other benign captures")
        else:
            benign = [capture for capture in others.captures if capture.kind in BENIGN | NOISE]
            _needs_suricata(benign)
            more = sector_of(benign, survey_all(benign, work, jobs, say))
            borrowed = len(more.benign)
            sector = Sector([*sector.benign, *more.benign], [*sector.sites, *more.sites], [*sector.noise, *more.noise])
            remarks.append(f"{sentence}: too few to hide anything among, so {borrowed} of the real captures were added")
    if not families.looks:
        listed = sum(capture.kind in MALICIOUS for capture in own.captures)
        remarks.append(f"no malicious capture can be judged: {listed} are listed and usable, none of them was read")
    elif not families.captures_seen:
        remarks.append(
            f"nothing outside was suspected in any of {families.captures} malicious captures: every campaign made of"
            " them is lost"
        )
    what = f"held-out captures of {folder.name} seen by the real detectors, all families; nothing tuned on them"
    drawn = not sector.benign
    if drawn:
        remarks.append("no benign capture could be read: the background is drawn, not detected")
        what += "; background drawn"
    account = account_of(str(folder), own.captures, looks, own.left_out, own.unusable, families, borrowed, remarks)
    return Chosen(Captured(sector, families, what, drawn=drawn), account)


def _sources(sector: Sector) -> int:
    return sum(len(outside(one.whole)) for one in sector.benign)


def _thin(sector: Sector) -> bool:
    return len(sector.benign) < BENIGN_MIN or _sources(sector) < SOURCES_MIN


def _needs_suricata(captures: Sequence[Capture]) -> None:
    packets = any(".pcap" in file.name or ".cap" in file.name for one in captures for file in one.files)
    if not packets:
        return
    try:
        program("suricata")
    except SourceBroken as error:
        raise Stop(Exit.MISSING, f"captures of packets cannot be read: {error}") from error


def kept_folder() -> Path:
    """Where looks are kept, unless somebody says otherwise."""
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "bavn" / "sectorbench"


def commit() -> str:
    """The commit of the tree that this code lies in; the installed version where it lies in none."""
    from bavn import __version__

    here = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return f"version {__version__}"
    return done.stdout.strip() or f"version {__version__}"


def without_folder(account: Account) -> Account:
    """The same with the folder's last name only: where it lies is nobody's business."""
    return replace(account, folder=Path(account.folder).name)
