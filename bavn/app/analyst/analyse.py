"""What an analyst asks without a sector: here are captures and logs; what is suspicious in them, and why?

Each capture, EVE file or folder of Zeek logs is looked at by itself, in a store of its own that is gone afterwards.
Nothing is configured, kept or sent.
"""

import errno
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Final

from bavn.actor.assets.asset import Asset
from bavn.actor.assets.crypto import Use, uses
from bavn.actor.assets.survey import assets
from bavn.actor.detect.indicators.indicators import NO_INDICATORS, IndicatorSet
from bavn.actor.detect.queries.homes import inferred
from bavn.actor.detect.rank import Ranked
from bavn.actor.detect.run import Survey, SurveyBackground, survey
from bavn.actor.formats.gzipped import head_of
from bavn.actor.formats.pcap import form_of
from bavn.actor.formats.refused import REFUSALS_KEPT_MAX, RefusedLine, of_file, without_file
from bavn.actor.sense.base import Batch, SourceBroken
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.open_path import EMPTY, Member, open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.recognise import Recognised, recognise
from bavn.actor.sense.rules.text import LeftOut
from bavn.actor.sense.suricata.config import HOMES_DEFAULT
from bavn.actor.sense.suricata.run import ReadCapture
from bavn.actor.sense.unread import unreadable
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.actor.store.query.window import StoreWindow
from bavn.actor.store.segments.disk import PassingDisk
from bavn.app.analyst.inputs import InputFile
from bavn.app.analyst.replay import Played, played
from bavn.app.process.exits import why_of
from bavn.app.process.failure_folder import FailureFolder
from bavn.app.process.real import SystemClock
from bavn.model.intel.rule import RowRule
from bavn.model.ports import QueryRefused, RowsDamaged
from bavn.model.text import Text

SENSOR = "analyse"
STORE: Final = "store"
FILES_MAX = 100_000
NO_FILE: Final = Text("neither a file nor a folder (a socket, a pipe, a device)")
LIMITS = StoreLimits(age_days_max=None, threads=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One source's suspicions in reading order. ``refusals``: lines, and files (line 0), that gave nothing, the first
    of them. ``homes_said``: how the own networks were chosen, if nobody gave them. ``assets``: own hosts, if asked;
    ``crypto``: key exchanges, if asked. ``last_us``: of the newest record. ``inputs``: what each of
    the files was and gave, also those that no detector uses. ``told_us``, ``looks``: as replay.Played has them.
    ``failed``: names of detectors whose findings are missing, sorted. ``rules_refused``: how many of the rules given
    Suricata does not take, and the first of them. ``homes``: the own networks; ``first_us``: of the oldest record."""

    source: str
    suspicions: tuple[Ranked, ...]
    rows: int
    refused: int
    refusals: tuple[RefusedLine, ...]
    hosts: int
    homes_said: Text | None
    assets: tuple[Asset, ...] = ()
    crypto: tuple[Use, ...] = ()
    last_us: int = 0
    inputs: tuple[InputFile, ...] = ()
    told_us: Mapping[str, int] = field(default_factory=dict)
    looks: int = 1
    failed: tuple[str, ...] = ()
    rules_refused: tuple[int, LeftOut] | None = None
    homes: tuple[str, ...] = ()
    first_us: int = 0

    @property
    def partly_read(self) -> bool:
        """Whether a file, or a share of its lines that is worth speaking of, could not be read."""
        return any(refusal.line == 0 for refusal in self.refusals) or any(given.partly_read for given in self.inputs)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is looked at together, under one name. ``beside``: files that lay there and are of no use."""

    source: str
    files: tuple[Path, ...]
    beside: tuple[InputFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A path that gave nothing, and what to do about it."""

    source: str
    reason: Text


def units(paths: Sequence[Path], *, together: bool = False) -> Iterator[Unit | Unread]:
    """What is looked at together: each capture and each EVE file by itself, the Zeek logs of a folder as one; or, asked
    for, all of it. What cannot be looked at comes as Unread, in its place."""
    if not together:
        for path in paths:
            yield from _units(path)
        return
    files: list[Path] = []
    beside: list[InputFile] = []
    for path in paths:
        for unit in _units(path):
            if isinstance(unit, Unread):
                yield unit
            else:
                files += unit.files
                beside += unit.beside
    if files:
        yield Unit(" + ".join(str(path) for path in paths), tuple(files), tuple(beside))


def _units(path: Path) -> Iterator[Unit | Unread]:
    if not path.is_dir():
        nothing = _nothing_at(path)
        yield Unread(str(path), nothing) if nothing else Unit(str(path), (path,))
        return
    errors: list[OSError] = []
    names = sorted(
        folder / name
        for folder, _, there in path.walk(on_error=errors.append)
        for name in there  # links to folders too: none is followed
        if not name.startswith(".")
    )
    for error in errors:
        yield Unread(str(error.filename), Text("cannot be read ({why})", why=why_of(error)))
    if len(names) > FILES_MAX:
        yield Unread(str(path), Text("more than {most} files", most=FILES_MAX))
        return
    files = []
    for name in names:
        if (why := _no_file_at(name, path)) is not None:
            yield Unread(str(name), why)
        elif name.is_file() and not name.stat().st_size:
            yield Unread(str(name), EMPTY)
        elif name.is_file():
            files.append(name)
    if not files:
        if not names and not errors:
            yield Unread(str(path), Text("the folder is empty"))
        return
    logs: dict[Path, list[Path]] = {}
    beside: dict[Path, list[InputFile]] = {}
    for file in files:
        try:
            recognised = recognise(file)
        except SourceBroken as error:
            yield Unread(str(file), _unnamed(file, Text.of_error(error)))
            continue
        except Exception as error:  # noqa: BLE001  a stranger's file, and whatever it raises
            yield Unread(str(file), unreadable(error, head_of(file, 1 << 20)))
            continue
        if recognised.kind == "zeek":
            logs.setdefault(file.parent, []).append(file)
        elif recognised.kind == "other zeek":
            beside.setdefault(file.parent, []).append(InputFile(file=str(file), found=recognised))
        else:
            yield Unit(str(file), (file,))
    for folder in sorted(logs):
        yield Unit(str(folder), tuple(logs[folder]), tuple(beside.get(folder, ())))


def _no_file_at(path: Path, root: Path) -> Text | None:
    """Why what has a name in the folder ``root`` is not read; None for a file, and for a link to a folder inside, which
    is looked through anyway."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink() and error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
            return Text("a link that leads nowhere")
        return Text("cannot be read ({why})", why=why_of(error))
    if S_ISDIR(mode):
        inside = path.resolve().is_relative_to(root.resolve())
        return None if inside else Text("a link to another folder: give that folder itself")
    return None if S_ISREG(mode) else NO_FILE


def _nothing_at(path: Path) -> Text | None:
    """Why there is nothing to open at a path that is no folder; None if there may be."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return Text("there is no such file or folder")
    except OSError:
        return None
    if not S_ISREG(status.st_mode):
        return NO_FILE
    return None if status.st_size else EMPTY


def _unnamed(file: Path, why: Text) -> Text:
    """A reason without the file's own name before it: whoever says it has named the file."""
    named = dict(why.facts).get("file")
    return without_file(why) if named in (str(file.absolute()), str(file)) else why


@dataclass(slots=True)
class _Tally:
    """What reading came to: rows kept, lines refused (the first of them named), and files that are damaged."""

    rows: int = 0
    refused: int = 0
    refusals: list[RefusedLine] = field(default_factory=list)
    reasons: set[Text] = field(default_factory=set)
    inputs: list[InputFile] = field(default_factory=list)

    def note(self, refusals: Sequence[RefusedLine]) -> None:
        """Keeps the first, and beyond them files and the first line with another reason."""
        for refusal in refusals:
            new = refusal.line == 0 or refusal.reason not in self.reasons
            if len(self.refusals) < (2 if new else 1) * REFUSALS_KEPT_MAX:
                self.refusals.append(refusal)
                self.reasons.add(refusal.reason)

    def member_of(self, archive: Path) -> Member:
        """What hears of the files in an archive: what is read from then on is of the last of them."""

        def begun(file: Path, name: str, found: Recognised) -> None:
            self.inputs.append(InputFile.of(file, found, named=f"{archive}/{name}"))

        return begun

    def damaged(self, file: Path, why: Text) -> None:
        self.refused += 1
        self.refusals.insert(0, RefusedLine(str(file), 0, _unnamed(file, why)))

    def why(self, unit: Unit) -> Text:
        """Why a unit gave no record at all."""
        if not self.refusals:
            return Text("it holds no record that Bavn knows")
        first = self.refusals[0]
        why = Text("line {line}: {why}", line=first.line, why=first.why) if first.line else first.why
        return why if len(unit.files) == 1 else of_file(first.file, why, ": ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for, and how it is read. ``zone``: of log times that name none (IANA). ``progress`` hears the rows
    so far, ``began`` which look it is of how many, ``looked`` what a look saw and at which moment it stood."""

    homes: Sequence[str] = ()
    indicators: IndicatorSet = NO_INDICATORS
    rules: tuple[RowRule, ...] = ()
    zone: str = "UTC"
    progress: Callable[[int], None] = lambda _: None
    began: Callable[[int, int], None] = lambda _, __: None
    looked: Callable[[Survey, int], None] = lambda _, __: None
    with_assets: bool = False
    with_crypto: bool = False


def analyse(
    unit: Unit,
    *,
    homes: Sequence[str] = (),
    indicators: IndicatorSet = NO_INDICATORS,
    zone: str = "UTC",
    rules: tuple[RowRule, ...] = (),
    progress: Callable[[int], None] = lambda _: None,
    began: Callable[[int, int], None] = lambda _, __: None,
    with_assets: bool = False,
    with_crypto: bool = False,
    suricata: ReadCapture | None = None,
) -> Findings | Unread:
    """Reads the unit's files into one store, runs every detector over it, day by day. The rest as in Question;
    ``suricata``: one that runs already."""
    question = Question(
        homes=homes,
        indicators=indicators,
        rules=rules,
        zone=zone,
        progress=progress,
        began=began,
        with_assets=with_assets,
        with_crypto=with_crypto,
    )
    with tempfile.TemporaryDirectory(prefix="bavn-analyse-") as scratch:
        return analysed_in(Path(scratch), unit, question, suricata)


def analysed_in(folder: Path, unit: Unit, question: Question, suricata: ReadCapture | None = None) -> Findings | Unread:
    """The same in a folder of the caller's, which keeps what was read as the store STORE until the caller is done."""
    root, tally = folder / STORE, _Tally()
    with ColumnStore.open(root, LIMITS, disk=PassingDisk()) as store:
        read = partial(
            open_path,
            work=folder / "work",
            homes=tuple(question.homes) or HOMES_DEFAULT,
            zone=question.zone,
            sensor=SENSOR,
            engine=_engine(unit),
            suricata=suricata,
        )
        _read(unit, store, read, tally, question.progress)
        store.tidy()
        span = store.stats().network_us
    if span is None:
        return Unread(unit.source, tally.why(unit))
    try:
        looked = _survey(folder, (span[0], span[1] + 1), question)
    except RowsDamaged as error:
        return Unread(unit.source, Text("what was read of it is damaged on the disk: {why}", why=Text.of_error(error)))
    except QueryRefused as error:
        return Unread(
            unit.source, Text("it is too much for one look ({why}): give less at a time", why=Text.of_error(error))
        )
    seen, homes, homes_said, seen_assets, crypto = looked
    return Findings(
        source=unit.source,
        suspicions=seen.suspicions,
        told_us=seen.told_us,
        looks=seen.looks,
        failed=tuple(sorted(seen.failed)),
        rows=tally.rows,
        refused=tally.refused,
        refusals=tuple(tally.refusals),
        hosts=seen.hosts,
        homes=homes,
        homes_said=homes_said,
        assets=seen_assets,
        crypto=crypto,
        first_us=span[0],
        last_us=span[1],
        inputs=(*tally.inputs, *unit.beside),
    )


@cache
def _of_captures() -> Engine:
    """Kept from one capture to the next: all that it remembers are a run's flows, which the next run begins without."""
    return prepared()


def _engine(unit: Unit) -> Engine:
    """What reads the unit's files. Of logs it remembers more, which is the unit's own."""
    captures = all(form_of(head_of(file, 4)) for file in unit.files)
    return _of_captures() if captures else prepared()


def _read(
    unit: Unit,
    store: ColumnStore,
    read: Callable[..., Iterator[Batch]],
    tally: _Tally,
    progress: Callable[[int], None],
) -> None:
    for file in unit.files:
        try:
            tally.inputs.append(InputFile.at(file))
            # Absolute: Suricata runs in a folder of its own.
            for batch in read(file.absolute(), member=tally.member_of(file)):
                tally.rows += store.append(batch.source, batch.mark, batch.tables)
                tally.inputs[-1].take(batch)
                tally.refused += batch.refused
                tally.note(batch.refusals)
                progress(tally.rows)
        except SourceBroken as error:
            tally.damaged(file, Text.of_error(error))


def _survey(
    scratch: Path, span_us: tuple[int, int], given: Question
) -> tuple[Played, tuple[str, ...], Text | None, tuple[Asset, ...], tuple[Use, ...]]:
    """Every detector, day by day; the own networks and how they were chosen, if nobody gave them; hosts and key
    exchanges, if asked."""
    root, homes, account = scratch / STORE, tuple(given.homes), None
    if not homes:
        with History.read(root, LIMITS) as history, history.window(*span_us) as window:
            found = inferred(window)
        homes, account = tuple(found.networks), found.sentence
    # One detector that fails costs its own findings, and says so in the log.
    failures = FailureFolder(None, SystemClock())
    behind = SurveyBackground(now_us=SystemClock().now_us())

    def look(window: StoreWindow) -> Survey:
        seen = survey(window, against=behind, indicators=given.indicators, rules=given.rules, failures=failures)
        given.looked(seen, window.last_us)
        return seen

    seen = played(root, scratch / "lived", span_us, look, homes=homes, limits=LIMITS, began=given.began)
    if not (given.with_assets or given.with_crypto):
        return seen, homes, account, (), ()
    with History.read(root, LIMITS, homes=homes) as history, history.window(*span_us) as window:
        hosts = assets(window) if given.with_assets else ()
        return seen, homes, account, hosts, uses(window) if given.with_crypto else ()
