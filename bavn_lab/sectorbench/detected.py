"""What the real detectors see in one capture: by way of sense (Suricata, Zeek, EVE) and store, and thinned.

Thinned by connections: at each step of KEPT only that share of them is left, chosen by the hash of the flow, and the
detectors look again. What is kept of a look is what a bench needs: candidates with their statistic and observables, and
the tallies of all that was weighed, from which an actor's own p follows (detect/calibrate). Answers are kept in a
folder under the hash of the capture and of the code that looked. Refuses to know what is malicious.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bavn.actor.detect.base import Candidate, Detector, DetectorContext, Found, story_id
from bavn.actor.detect.detectors.rarity import Rarity
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.queries.homes import inferred
from bavn.actor.detect.run import DETECTORS, survey
from bavn.actor.detect.terms import PeerProfile, Terms
from bavn.actor.sense.base import SourceBroken
from bavn.actor.sense.open_path import open_path
from bavn.actor.sense.prepare import prepared
from bavn.actor.sense.suricata.config import HOMES_DEFAULT
from bavn.actor.store.columns import ColumnStore
from bavn.actor.store.history import History
from bavn.actor.store.limits import StoreLimits
from bavn.model.intel.grades import Grade
from bavn.model.moment import MINUTE_US, hour_of
from bavn.model.observable import NotCanonical, Observable, is_external, registered_domain
from bavn.model.ports import QueryRefused
from bavn_lab.sectorbench.manifest import Capture

KEPT: Final = (1.0, 0.5, 0.25, 0.12)
"""Shares of a capture's connections that are left, one look each."""
LOOK: Final = 1
"""Goes up with what is kept of a look, and with how captures are thinned."""
ROWS_THINNED_MAX: Final = 300_000
"""A larger capture is looked at whole only."""
ROWS_MAX: Final = 5_000_000
LISTED_MET_MAX: Final = 200
REASON_CHARS: Final = 200
LIMITS: Final = StoreLimits(age_days_max=None, threads=1)
_CODE: Final = ("actor/formats", "actor/sense", "actor/store", "actor/detect")
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_LISTED_SQL: Final = """
    SELECT DISTINCT coalesce("domain", "name") AS met FROM name_hour WHERE is_home(src) ORDER BY met LIMIT 20000"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """One candidate of one detector. ``observables``: what names the peer from outside, ``type:value`` in the form in
    which it joins; empty for what stays inside. ``begins``, ``ends``: minutes since the capture's first record."""

    detector: str
    technique: str
    population: str
    statistic: float
    exact_p: float | None
    p_times: float
    observables: tuple[str, ...]
    hosts: int
    listed: bool
    begins: int
    ends: int
    period_s: float | None
    regularity: float | None
    walk_nats: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureDetections:
    """``steps``: candidates at each step of KEPT, or the first only. ``tallies``: population -> step -> count of all
    that was weighed in the whole capture. ``listed_met``: well-known names that were called. ``refusal``: why there is
    nothing, or why it is not whole."""

    name: str
    hosts: int
    rows: int
    first_hour: int
    steps: tuple[tuple[Glimpse, ...], ...]
    tallies: Mapping[str, Mapping[int, int]]
    listed_met: tuple[str, ...]
    refusal: str

    @property
    def whole(self) -> tuple[Glimpse, ...]:
        return self.steps[0] if self.steps else ()

    @property
    def read(self) -> bool:
        return bool(self.steps)


def detections_of(
    capture: Capture, steps: Sequence[float] = KEPT, cache: Path | None = None, *, strange: bool = False
) -> CaptureDetections:
    """What is seen in a capture; from ``cache`` where the same code has looked at the same bytes before. ``strange``:
    as at a site that the signs of rarity were not chosen on (_Strange)."""
    kept = None if cache is None else cache / f"{_key(capture, steps, strange)}.json"
    if kept is not None and kept.is_file():
        found = _of_text(capture.name, kept.read_text(encoding="utf-8"))
        if found is not None:
            return found
    try:
        detections = _looked(capture, steps, STRANGERS if strange else DETECTORS)
    except Exception as error:  # noqa: BLE001  one bad file costs that file and a line, never hours of looks
        return _refused(
            _nothing(capture.name), f"it cannot be looked at: {type(error).__name__}: {error}"[:REASON_CHARS]
        )
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(f".{hashlib.sha256(capture.name.encode()).hexdigest()[:12]}.part")
        beside.write_text(_to_text(detections), encoding="utf-8")
        beside.replace(kept)
    return detections


def known(capture: Capture, steps: Sequence[float], cache: Path, *, strange: bool = False) -> bool:
    """Whether the answer is in the cache already."""
    return (cache / f"{_key(capture, steps, strange)}.json").is_file()


@lru_cache(maxsize=1)
def code_version() -> str:
    """The hash of the code that looks; 16 hex digits."""
    hashed = hashlib.sha256()
    for room in _CODE:
        folder = Path(str(files("bavn"))) / room
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".json", ".rules"):
                hashed.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    hashed.update(b"%d" % LOOK)
    return hashed.hexdigest()[:16]


def _key(capture: Capture, steps: Sequence[float], strange: bool) -> str:
    asked = f"{capture.digest} {code_version()} {' '.join(map(str, steps))}{' strange' if strange else ''}"
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def _looked(capture: Capture, steps: Sequence[float], detectors: Sequence[Detector]) -> CaptureDetections:
    tables, reasons = _records(capture)
    rows = sum(part.num_rows for parts in tables.values() for part in parts)
    nothing = _nothing(capture.name, rows, "; ".join(reasons) or "it holds no record that Bavn knows")
    if not rows or rows > ROWS_MAX:
        return nothing if not rows else _refused(nothing, f"more than {ROWS_MAX} records")
    merged = {name: pa.concat_tables(parts) for name, parts in tables.items() if parts}
    seen: list[tuple[Glimpse, ...]] = []
    first = nothing
    try:
        for share in steps if rows <= ROWS_THINNED_MAX else steps[:1]:
            detections = _detected(capture.name, merged if share >= 1 else _thinned(merged, share), detectors)
            if detections is None:
                seen.append(())
                continue
            first = first if seen else detections
            seen.append(detections.steps[0])
    except QueryRefused as error:
        return _refused(nothing, f"it is too much for one look: {error}")
    if first.rows and not first.steps:
        return nothing
    return CaptureDetections(
        name=first.name,
        hosts=first.hosts,
        rows=rows,
        first_hour=first.first_hour,
        steps=tuple(seen),
        tallies=first.tallies,
        listed_met=first.listed_met,
        refusal="; ".join(reasons),
    )


def _nothing(name: str, rows: int = 0, refusal: str = "") -> CaptureDetections:
    return CaptureDetections(
        name=name, hosts=0, rows=rows, first_hour=0, steps=(), tallies={}, listed_met=(), refusal=refusal
    )


def _refused(nothing: CaptureDetections, reason: str) -> CaptureDetections:
    return CaptureDetections(
        **{name: getattr(nothing, name) for name in CaptureDetections.__slots__ if name != "refusal"}, refusal=reason
    )


def _records(capture: Capture) -> tuple[dict[str, list[pa.Table]], list[str]]:
    tables: dict[str, list[pa.Table]] = {}
    reasons: list[str] = []
    rows = 0
    with TemporaryDirectory(prefix="bavn-bench-") as scratch:
        for file in capture.files:
            try:
                for batch in open_path(
                    file.absolute(), sensor="bench", work=Path(scratch), homes=HOMES_DEFAULT, engine=prepared()
                ):
                    for name, part in batch.tables.items():
                        tables.setdefault(name, []).append(part)
                        rows += part.num_rows
                    reasons += [refusal.why.en for refusal in batch.refusals if refusal.line == 0]
                    if rows > ROWS_MAX:
                        return tables, reasons
            except (SourceBroken, OSError) as error:
                reasons.append(f"{file.name}: {error}".replace(str(file.absolute()), file.name))
    return tables, list(dict.fromkeys(reasons))[:3]


def _thinned(tables: Mapping[str, pa.Table], share: float) -> dict[str, pa.Table]:
    """The rows of about this share of the connections; queries to one resolver go one by one."""
    thinned = {}
    for name, rows in tables.items():
        ids = _flow_ids(rows)
        moments = rows["ts"].cast(pa.timestamp("us")).cast(pa.int64()).combine_chunks()
        at = moments.to_numpy(zero_copy_only=False).astype(np.uint64)
        key = np.where(ids == 0, at, ids) ^ (at // np.uint64(1_000_000) if name == "dns" else np.uint64(0))
        with np.errstate(over="ignore"):
            mixed = key * _GOLDEN
            mixed = (mixed ^ (mixed >> np.uint64(29))) * _GOLDEN
        left = (mixed >> np.uint64(40)).astype(np.float64) / float(1 << 24) < share
        thinned[name] = rows.filter(pa.array(left))
    return thinned


def _flow_ids(rows: pa.Table) -> npt.NDArray[np.uint64]:
    """The connection of each row; 0 where it is not known, and throughout where the table knows none."""
    if "flow_id" not in rows.column_names:
        return np.zeros(rows.num_rows, np.uint64)
    return np.asarray(rows["flow_id"].combine_chunks().fill_null(0).to_numpy(zero_copy_only=False), np.uint64)


def _detected(name: str, tables: Mapping[str, pa.Table], every: Sequence[Detector]) -> CaptureDetections | None:
    with TemporaryDirectory(prefix="bavn-bench-") as scratch:
        root = Path(scratch) / "store"
        with ColumnStore.open(root, LIMITS) as store:
            store.append(name, "all", {table: rows for table, rows in tables.items() if rows.num_rows})
            span = store.stats()
        if span.network_us is None:
            return None
        first, last = span.network_us[0], span.network_us[1] + 1
        with History.read(root, LIMITS) as plain, plain.window(first, last) as window:
            homes = inferred(window).networks
        with History.read(root, LIMITS, homes=homes) as history, history.window(first, last) as window:
            detectors = tuple(_Remembering(detector) for detector in every)
            seen = survey(window, detectors)
            met = [str(row[0]) for row in window.rows(_LISTED_SQL)]
        known_lists = lists.shipped()
        listed = [domain for domain in met if known_lists.name_grade(domain) >= Grade.POPULAR]
        shown = {suspicion.id: suspicion.observables for suspicion in seen.suspicions}
        return CaptureDetections(
            name=name,
            hosts=seen.hosts,
            rows=1,
            first_hour=hour_of(first),
            steps=(tuple(_glimpse(d, c, shown, first, homes) for d in detectors for c in d.found.candidates),),
            tallies={p: dict(t.counts) for d in detectors for p, t in sorted(d.found.populations.items())},
            listed_met=tuple(listed[:LISTED_MET_MAX]),
            refusal="",
        )


class _Remembering:
    """A detector that remembers what it found: candidates say more than the suspicions made of them."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.name, self.technique, self.tables = detector.name, detector.technique, detector.tables
        self.innocent = detector.innocent
        self.found = Found()

    def candidates(self, context: DetectorContext) -> Found:
        self.found = self._detector.candidates(context)
        return self.found


class _Strange(Rarity):
    """Rarity at a site that it was not chosen on. Its signs, their weights and their line were chosen until it told of
    nothing in the benign captures here; to leave a site out of the weights alone brings nothing of it back
    (`bench/signs.py --sites`). What saves most sites' peers is that lists know them: here none does, nor the network,
    and whatever is old by the capture's end is told of as it was when it was new. The worst case. What candidates are
    ranked among stays as it is."""

    def candidates(self, context: DetectorContext) -> Found:
        strange = super().candidates(replace(context, terms=_Unlisted(context.window, lists.shipped)))
        return replace(strange, populations=super().candidates(context).populations)


class _Unlisted(Terms):
    @property
    def known_from_us(self) -> int:
        return self.past.last_us

    def _answers(
        self, asked: Iterable[str], memory: dict[str, PeerProfile], ask: Callable[[list[str]], dict[str, PeerProfile]]
    ) -> dict[str, PeerProfile]:
        known = super()._answers(asked, memory, ask)
        return {peer: replace(profile, grade=Grade.UNKNOWN, edge=False) for peer, profile in known.items()}


STRANGERS: Final = tuple(_Strange() if detector.name == Rarity.name else detector for detector in DETECTORS)


def _glimpse(
    remembering: _Remembering,
    candidate: Candidate,
    shown: Mapping[str, tuple[Observable, ...]],
    first_us: int,
    homes: tuple[str, ...],
) -> Glimpse:
    """``shown``: what each suspicion names, behaviour included."""
    named: list[str] = []
    for observable in shown.get(story_id(remembering.name, candidate.story), candidate.observables):
        joins = _as_it_joins(observable, homes)
        if joins is not None and joins not in named:
            named.append(joins)
    return Glimpse(
        detector=remembering.name,
        technique=candidate.technique or remembering.technique,
        population=candidate.population,
        statistic=candidate.statistic,
        exact_p=candidate.exact_p,
        p_times=candidate.p_times,
        observables=tuple(named),
        hosts=max(1, candidate.hosts),
        listed=candidate.listed,
        begins=max(0, candidate.first_us - first_us) // MINUTE_US,
        ends=max(0, candidate.last_us - first_us) // MINUTE_US,
        period_s=candidate.period_s,
        regularity=candidate.regularity,
        walk_nats=candidate.walk_nats,
    )


def _as_it_joins(observable: Observable, homes: tuple[str, ...]) -> str | None:
    if not is_external(observable, homes):
        return None
    if observable.type.value != "domain":
        return str(observable)
    try:
        return str(Observable.of("domain", registered_domain(observable.value) or observable.value))
    except NotCanonical:
        return None


def _to_text(made: CaptureDetections) -> str:
    return json.dumps(asdict(made), sort_keys=True)


def _of_text(name: str, text: str) -> CaptureDetections | None:
    """None for a file that is no answer: it is made again."""
    try:
        facts: dict[str, Any] = json.loads(text)
        steps = tuple(
            tuple(Glimpse(**{**one, "observables": tuple(one["observables"])}) for one in step)
            for step in facts.pop("steps")
        )
        tallies = {p: {int(step): int(n) for step, n in counts.items()} for p, counts in facts.pop("tallies").items()}
        facts["listed_met"] = tuple(facts["listed_met"])
        return CaptureDetections(**{**facts, "name": name}, steps=steps, tallies=tallies)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
