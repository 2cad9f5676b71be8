"""The ruler: what all detectors tell of labelled captures without rules or lists, in three disjoint sets of families.

    .venv/bin/python bench/ruler.py [--test] [--against FILE] [--missed] [--alarms] [--honest] [--shipped] [--forward]
        [--baselines] [--again NAMES] [--write NAMES] [--json]

BAVN_DATA's captures and captures2, in sets as bench/sets says. fit is what weights are fitted on, choose what lines and
signs are chosen on; test is looked at only when asked for (--test), once for each table that is published. For each
set: captures and families (labels) in which anything is told at p <= 0.05 of a machine that the label names, a family
counting by its share; whether a labelled peer is named; the rank of the first true suspicion; precision among the
first max(3, hosts / 1,000); who found alone; benign captures with a hit; suspicions for 1,000 host-days, on packets
and on logs of offices. p comes from the benign sites of fit and choose without the site itself (lateral's also from
made networks, scans' from the background of the internet), --shipped: from the package's tables, which hold them.
--against: the same table of an earlier --json beside it, such as that of an earlier release: two of them cannot run in
one process. --missed, --alarms: what was not told, what was told wrongly.
--baselines: the captures are read with all rules of BAVN_DATA as well (`bench/ruled`): what is told with `signature`
folded in, and what Suricata alone and RITA v5 tell, by the same rules (`bench/beside`).
--forward: what lasts longer than a day is looked at day by day, 28 days back, as `bavn analyse` does; without it, once
as a whole, so that captures made of pieces that lie years apart know a past. --honest: the share of benign candidates
with a p-value of so much or less, of fit and choose, each by the table without its own site.
"""

import argparse
import hashlib
import json
import math
import pickle
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import beside
from baselines import Alarm
from captures import about, names, peers_of
from detect_more_b import INNOCENT_SEEDS, table_of, write
from kept import LEVELS, Empty, Kept, innocent, weights_outside
from labelled import Labelled, cache, data_needed
from ruled import Rules
from sets import BACK_US, GUILTY, INNOCENT, everything, is_office_log, kept_looks, kept_window, site

from bavn.actor.detect import calibrate
from bavn.actor.detect.base import Detector, DetectorContext
from bavn.actor.detect.calibrate import Tally
from bavn.actor.detect.detectors.ioc import Ioc
from bavn.actor.detect.detectors.signature import Signature
from bavn.actor.detect.indicators import lists
from bavn.actor.detect.rank import ranked
from bavn.actor.detect.run import DETECTORS, SurveyBackground, survey
from bavn.actor.detect.terms import Terms
from bavn.actor.store.query.window import StoreWindow
from bavn.model.suspicion import Suspicion, in_order

SHOWN = 0.05
JUDGED = tuple(one for one in DETECTORS if one.name not in (Ioc.name, Signature.name))
OUTSIDE = ("scan.", "bruteforce.")
_HOST_DAYS = """SELECT count(*) FROM (SELECT DISTINCT src, hour // 24 FROM pair_hour WHERE is_home(src)
    UNION SELECT DISTINCT src, hour // 24 FROM name_hour WHERE is_home(src))"""


@dataclass
class Look:
    """What the detectors found in a window that ended then."""

    end_us: int
    kept: list[Kept]


@dataclass
class Capture:
    """One capture. ``days``: own hosts times days on which each called somebody. ``looks``: one, or one a day.
    ``ruled``: the same with rules, of `signature` alone. ``others``: what the baselines tell, by their names."""

    one: Labelled
    part: str
    looks: list[Look]
    hosts: int
    days: int
    ruled: list[Look] = field(default_factory=list)
    others: dict[str, frozenset[Alarm]] = field(default_factory=dict)
    seen: list[Suspicion] = field(default_factory=list)

    @property
    def folded(self) -> list[Suspicion]:
        """What is told, rules folded in."""
        return [s for s in self.seen if s.p <= SHOWN]

    @property
    def told(self) -> list[Suspicion]:
        return [s for s in self.folded if s.detector != Signature.name]

    @property
    def true(self) -> list[Suspicion]:
        return [s for s in self.told if about(self.one, s)]

    @property
    def counted(self) -> list[Kept]:
        """Of looks that share no day: the last one, and the last that ended before it began."""
        found: list[Kept] = []
        for looks in (self.looks, self.ruled):
            begin_us: float = math.inf
            for look in reversed(looks):
                if look.end_us <= begin_us:
                    found += look.kept
                    begin_us = look.end_us - BACK_US
        return found


def look_at(
    one: Labelled, part: str, again: frozenset[str], *, forward: bool = False, rules: Rules | None = None
) -> Capture | None:
    with kept_window(one) as whole:
        if whole is None:
            return None
        made = Capture(one, part, [], Terms(whole, lists.shipped).hosts, host_days(whole))
    earlier = _earlier(_file(one, forward=forward)) if again else {}
    with _windows(one, forward=forward) as windows:
        made.looks = [_look(window, JUDGED, again, earlier) for window in windows]
        if rules is not None:
            made.others |= beside.of_calls(windows)
    _keep(_file(one, forward=forward), made.looks)
    if rules is not None and one.kind != "background":
        file = _file(one, forward=forward, rules=rules)
        earlier = _earlier(file) if again else {}
        with _windows(one, rules, forward=forward) as windows:
            made.ruled = [_look(window, (Signature(),), again, earlier) for window in windows]
            made.others |= beside.of_rules(windows)
        _keep(file, made.ruled)
    return made


@contextmanager
def _windows(one: Labelled, rules: Rules | None = None, *, forward: bool) -> Iterator[list[StoreWindow]]:
    if forward:
        with kept_looks(one, rules) as windows:
            yield windows
        return
    with kept_window(one, rules) as whole:
        yield [] if whole is None else [whole]


def _look(
    window: StoreWindow, detectors: Iterable[Detector], again: frozenset[str], earlier: Mapping[int, list[Kept]]
) -> Look:
    context = DetectorContext(window=window, terms=Terms(window, lists.shipped))
    before = {kept.name: kept for kept in earlier.get(window.last_us, []) if kept.name not in again}
    kept = [before.get(d.name) or Kept(d.name, d.technique, d.candidates(context)) for d in detectors]
    return Look(window.last_us, kept)


def _file(one: Labelled, *, forward: bool, rules: Rules | None = None) -> Path:
    how = "days" if forward else "whole"
    key = one.digest + (rules.digest if rules else "")
    return cache() / f"found-{how}-{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def _keep(file: Path, looks: list[Look]) -> None:
    file.write_bytes(pickle.dumps({look.end_us: look.kept for look in looks}))


def _earlier(file: Path) -> dict[int, list[Kept]]:
    """What each detector found in the last run, by the end of the look."""
    found: dict[int, list[Kept]] = pickle.loads(file.read_bytes()) if file.is_file() else {}
    return found


def host_days(made: StoreWindow) -> int:
    return int(made.rows(_HOST_DAYS)[0][0])


def tallies(captures: Iterable[Capture]) -> dict[str, dict[str, Tally]]:
    """By site: what the benign captures of fit and choose weighed, and what the background of the internet tried."""
    made: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for capture in captures:
        background = capture.one.kind == "background"
        if capture.part == "test" or not (background or capture.one.kind in INNOCENT):
            continue
        for kept in capture.counted:
            for name, tally in kept.found.populations.items():
                if not background or name.startswith(OUTSIDE):
                    made[site(capture.one)][name] += tally
    return made


def reference(by_site: Mapping[str, Mapping[str, Tally]], without: str | None = None) -> calibrate.Reference:
    """Of all sites but one."""
    total: dict[str, Tally] = defaultdict(Tally)
    for name, parts in sorted(by_site.items()):
        if name != without:
            for population, tally in parts.items():
                total[population] += tally
    for seed in INNOCENT_SEEDS:
        total["lateral"] += innocent(seed)
    return table_of(total)


def judge(captures: list[Capture], *, shipped: bool) -> None:
    by_site = tallies(captures)
    whole = calibrate.shipped() if shipped else reference(by_site)
    for capture in captures:
        at = site(capture.one)
        mine = not shipped and capture.part != "test" and capture.one.kind in INNOCENT and at in by_site
        given = SurveyBackground(reference=reference(by_site, at) if mine else whole)
        best: dict[str, Suspicion] = {}
        for look in (*capture.looks, *capture.ruled):
            for s in survey(Empty(), look.kept, against=given).suspicions:  # type: ignore[arg-type]
                if s.id not in best or s.evidence_nats > best[s.id].evidence_nats:
                    best[s.id] = s
        capture.seen = in_order(list(best.values()))


def honest(captures: list[Capture]) -> dict[str, dict[str, str]]:
    """Of packets and of logs of offices, by population: how many benign candidates there are, and the share with each
    p-value or a smaller one. Inward ones carry their weight. Candidates of one site are no independent draws."""
    by_site = tallies(captures)
    given = {name: reference(by_site, name) for name in by_site}
    made: dict[str, dict[str, str]] = {}
    for label, offices in (("all", (True, False)), ("packets", (False,)), ("logs of offices", (True,))):
        hits: dict[str, Counter[float]] = defaultdict(Counter)
        of: Counter[str] = Counter()
        for capture in captures:
            if capture.part == "test" or capture.one.kind not in INNOCENT or is_office_log(capture.one) not in offices:
                continue
            for kept in capture.counted:
                times = weights_outside(kept.found.candidates)
                for name, tally in kept.found.populations.items():
                    of[name] += tally.total
                    for step, count in tally.counts.items():
                        least = calibrate.least_of(step + 1)
                        p = min(1.0, times.get(name, 1.0) * given[site(capture.one)].at_least(name, least))
                        hits[name].update({level: count for level in LEVELS if p <= level})
        made[label] = {
            name: f"{of[name]}: " + ", ".join(f"{hits[name][level] / of[name]:.4f} at {level}" for level in LEVELS)
            for name in sorted(of)
            if of[name]
        }
    return made


def share(hits: float, of: float) -> float:
    return round(hits / of, 3) if of else 0.0


def guilty(captures: list[Capture], kind: str) -> dict[str, object]:
    mine = [one for one in captures if one.one.kind == kind]
    families: dict[str, list[bool]] = defaultdict(list)
    alone: Counter[str] = Counter()
    finders: Counter[str] = Counter()
    ranks: list[int] = []
    right = shown = named = peers = 0
    for capture in mine:
        true = capture.true
        families[capture.one.family].append(bool(true))
        by = {s.detector for s in true}
        finders.update(by)
        if len(by) == 1:
            alone.update(by)
        if capture.one.peers:
            peers += 1
            named += any(names(capture.one, peers_of(s)) for s in capture.told)
        first = [place.suspicion for place in ranked(capture.told, capture.hosts) if place.above]
        shown += len(first)
        right += sum(about(capture.one, s) for s in first)
        if true:
            ranks.append(1 + capture.told.index(true[0]))
    by_family = [sum(some) / len(some) for some in families.values()]
    found = sum(bool(capture.true) for capture in mine)
    return {
        f"{kind} captures told": f"{found}/{len(mine)} = {share(found, len(mine))}",
        f"{kind} families told": f"{share(sum(by_family), len(by_family))} of {len(by_family)}",
        f"{kind}: a labelled peer named": f"{named}/{peers} = {share(named, peers)}",
        f"{kind}: first true one at rank 1": f"{sum(rank == 1 for rank in ranks)}/{len(ranks)}",
        f"{kind}: precision at the alert line": f"{right}/{shown} = {share(right, shown)}",
        f"{kind}: found by": dict(sorted(finders.items())),
        f"{kind}: found by alone": dict(sorted(alone.items())),
    }


def benign(captures: list[Capture]) -> dict[str, object]:
    made: dict[str, object] = {}
    every = [one for one in captures if one.one.kind in INNOCENT]
    hit = sum(bool(one.told) for one in every)
    made["benign captures with a hit"] = f"{hit}/{len(every)} = {share(hit, len(every))}"
    for label, office in (("packets", False), ("logs of offices", True)):
        mine = [one for one in every if is_office_log(one.one) is office]
        days, wrong = sum(one.days for one in mine), sum(len(one.told) for one in mine)
        by = Counter(s.detector for one in mine for s in one.told)
        made[f"false per 1,000 host-days, {label}"] = f"{wrong} in {days} = {share(1000 * wrong, days)} {dict(by)}"
    return made


def with_others(captures: list[Capture]) -> dict[str, object]:
    """Rules folded in, and the baselines: captures and families told, and what benign captures cost."""
    asked: dict[str, tuple[Callable[[Capture], bool], Callable[[Capture], int]]] = {
        "rules folded in": (lambda c: any(about(c.one, s) for s in c.folded), lambda c: len(c.folded))
    }
    for name in beside.NAMES:
        asked[name] = (
            lambda c, name=name: beside.about(c.one, c.others[name]),
            lambda c, name=name: len(c.others[name]),
        )
    made: dict[str, object] = {}
    for name, (hits, alarms) in asked.items():
        for kind in ("malicious", "technique"):
            mine = [one for one in captures if one.one.kind == kind]
            families: dict[str, list[bool]] = defaultdict(list)
            for one in mine:
                families[one.one.family].append(hits(one))
            found = sum(map(sum, families.values()))
            of_families = share(sum(sum(some) / len(some) for some in families.values()), len(families))
            said = f"captures {found}/{len(mine)} = {share(found, len(mine))}, families {of_families}"
            made[f"{name}: {kind}"] = said
        every = [one for one in captures if one.one.kind in INNOCENT]
        hit = sum(alarms(one) > 0 for one in every)
        said = f"captures {hit}/{len(every)} = {share(hit, len(every))}"
        for label, office in (("packets", False), ("logs", True)):
            some = [one for one in every if is_office_log(one.one) is office]
            days, wrong = sum(one.days for one in some), sum(map(alarms, some))
            said += f", {label} {wrong} in {days} host-days = {share(1000 * wrong, days)} for 1,000"
        made[f"{name}: benign"] = said
    return made


def table(captures: list[Capture], parts: Iterable[str], *, baselines: bool = False) -> dict[str, dict[str, object]]:
    made: dict[str, dict[str, object]] = {}
    for part in parts:
        some = [one for one in captures if one.part in part.split("+")]
        made[part] = guilty(some, "malicious") | guilty(some, "technique") | benign(some)
        made[part] |= with_others(some) if baselines else {}
    noise = [one for one in captures if one.part == "background"]
    made["background"] = {
        one.one.path.name: dict(Counter(f"{s.detector} {s.technique}" for s in one.told)) for one in noise
    }
    return made


def tell_beside(now: Mapping[str, Mapping[str, object]], before: Mapping[str, Mapping[str, object]]) -> None:
    for part, rows in now.items():
        print(part)
        for row, value in rows.items():
            earlier = before.get(part, {}).get(row)
            print(f"   {row:45} {value}" + (f"   (before: {earlier})" if earlier is not None else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--again", help="detectors that are asked again; the others as the last run found them")
    parser.add_argument("--write", help="populations whose tables of fit and choose go into the package")
    for flag in ("missed", "alarms", "shipped", "forward", "honest", "baselines", "json"):
        parser.add_argument(f"--{flag}", action="store_true")
    asked = parser.parse_args()
    wanted = ("fit", "choose", "background", *(("test",) if asked.test else ()))
    again = frozenset(asked.again.split(",")) if asked.again else frozenset()
    data = data_needed().parent
    chosen = [(one, part) for one, part in everything(data) if part in wanted]
    with ExitStack() as held:
        rules: Rules | None = None
        if asked.baselines:
            work = held.enter_context(tempfile.TemporaryDirectory(prefix="bavn-ruled-"))
            rules = held.enter_context(Rules(data, Path(work)))
        looked = (look_at(one, part, again, forward=asked.forward, rules=rules) for one, part in chosen)
        captures = [made for made in looked if made is not None]
    judge(captures, shipped=asked.shipped)
    if asked.write:
        found = reference(tallies(captures)).tables
        write(calibrate.Reference({name: found[name] for name in asked.write.split(",")}))
    parts = ("fit", "choose", "fit+choose", *(("test",) if asked.test else ()))
    facts = table(captures, parts, baselines=asked.baselines)
    if asked.json:
        print(json.dumps(facts))
    else:
        tell_beside(facts, json.loads(asked.against.read_text(encoding="utf-8")) if asked.against else {})
    if asked.honest:
        tell_beside(honest(captures), {})
    for capture in captures:
        if capture.part == "test":
            continue
        if asked.missed and capture.one.kind in GUILTY and not any(about(capture.one, s) for s in capture.folded):
            best = next((s for s in capture.seen if about(capture.one, s)), None)
            why = f"{best.detector} p={best.p:.3g} {best.peer}" if best else "no candidate"
            print(f"   missed {capture.part} {capture.one.family} {capture.one.path.name[:50]}: {why}")
        if asked.alarms and capture.one.kind in INNOCENT:
            for s in capture.folded:
                print(f"   alarm {capture.part} {capture.one.path.name[:40]} {s.detector} p={s.p:.3g} {s.host} {s.why}")


if __name__ == "__main__":
    main()
