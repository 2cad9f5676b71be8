"""The demonstration: a whole sector on this machine, from packets to blocks, and what there is to see on the way.

Real processes, real Suricata, mutual TLS, real resolvers; only the packets are made here (or taken from given captures)
and the rounds come more often than they would. Nothing outside this machine is contacted.
"""

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bavn.actor.door.rounds.commons_days import DayState
from bavn.app.access.rights import Role
from bavn.app.config.load import read_centre
from bavn.app.node.health.commons_words import state_text
from bavn.app.process.exits import Exit, Stop
from bavn.centre.books.leads import LeadView
from bavn.centre.correlate.round_state import Phase
from bavn.centre.desk.desk import Desk
from bavn.centre.desk.views import IndicatorView
from bavn.model.intel.behaviour import BEHAVIOUR
from bavn.model.moment import HOUR_US, SECOND_US, iso_hour
from bavn.model.observable import Observable, ObservableType
from bavn.model.principal import Principal
from bavn.model.sector.case import CaseAct
from bavn_lab.demo.again import call_again
from bavn_lab.demo.by_hand import of_case, to_look_at, to_protect, walk, who_signs_in
from bavn_lab.demo.captures import Played
from bavn_lab.demo.consoles import Consoles, start_consoles
from bavn_lab.demo.ending import FOLDER_PREFIX
from bavn_lab.demo.holders import K, N
from bavn_lab.demo.people import acting
from bavn_lab.demo.readings import Alone, alone, ask, commons_day, horizon_us, left, listed, ranked, wait_for, when
from bavn_lab.demo.sector import COMMONS_UPLOAD_S, STRONG_EVERY_S, WEAK_EVERY_S, DemoSector, Member
from bavn_lab.demo.silent_holder import who_noticed

READ_S_MAX = 420.0
LEAD_S_MAX = 300.0
BLOCK_S_MAX = 60.0
COMMONS_S_MAX = COMMONS_UPLOAD_S + 30.0
RETRO_S_MAX = 45.0
LOOK_S = 1.0
"""How often it is looked whether a release is over: nodes say when, and whoever looks takes their time."""
REST_S = 1.0
"""Between a withdrawal and the next release: people take longer."""
ANALYST = "analyst on duty"
SECOND = "second analyst"
SETTLED = ("enforced", "partly", "refused")
LOST = 2
"""The key holder that is killed in the middle of the story."""


class Demo:
    """One run over what was played; ``folder`` is its own, ``releases`` how often the release is measured. ``by_hand``:
    a person protects the sector, in the consoles. ``stay``: the consoles are there until Ctrl-C."""

    def __init__(
        self,
        console: Console,
        folder: Path,
        played: Played,
        releases: int,
        *,
        by_hand: bool = False,
        stay: bool = False,
    ) -> None:
        self._by_hand, self._stays = by_hand, stay
        self._consoles: Consoles | None = None
        self._console, self._plans, self._ends_us, self._releases = console, played.plans, played.ends_us, releases
        self._world, self._write = played.world, played.write
        self._sector = DemoSector(folder, played.known, played.register)
        self._lost_us = 0
        self.figures: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """All of it; the figures. Whatever happens, everything that was started is stopped."""
        try:
            self._begin()
            view = self._find()
            if view is None:
                return self.figures
            indicator_ids = self._guide(view) if self._by_hand else self._protect(view)
            self._look_back(view, indicator_ids)
            if not self._by_hand:
                self._measure_releases(view)
            self._call_again(view)
            self._show_what_left(view)
            self._show_commons()
            self._show_who_noticed()
            self._show_consoles(view)
            return self.figures
        except KeyboardInterrupt:
            with suppress(OSError):  # the terminal may be what went away
                self._say("\nstopping everything; up to half a minute")
            raise
        finally:
            self._sector.stop()

    # --- the steps ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._title("Starting key holders, a centre and its actors (each a process, mutual TLS, one-time tokens)")
        with ThreadPoolExecutor(1) as aside:
            playing = aside.submit(self._write)
            self._start_all()
            with self._console.status("playing their packets"):
                self._say(playing.result())
        self._sector.start_nodes()
        self._say(
            f"  Rounds are shortened here: tier A (2 actors, strong evidence) every {STRONG_EVERY_S} s "
            f"instead of 5 minutes, tier B (3 actors, weak evidence) every {WEAK_EVERY_S} s instead of an hour."
        )

    def _start_all(self) -> None:
        """All but the nodes, which read packets from their first moment on."""
        self._sector.start_keyholders()
        url = self._sector.start_centre()
        for plan in self._plans:
            member = self._sector.admit(plan, url)
            senses = (
                "Suricata over its own packets, one more kept running"
                if plan.captures
                else "no sensor: protection only"
            )
            self._say(f"  {plan.name:<14} {plan.kind:<13} {senses}; resolver on 127.0.0.1:{member.resolver_port}")
        with self._console.status("key holders make their keys"):
            keys = self._sector.holders.wait_for_keys(self._sector.check)
        self._say(
            f"  {N} key holders made {keys} keys among themselves, of today and the days after; any {K} of them "
            "answer, and no one of them has a key."
        )

    def _find(self) -> LeadView | None:
        self._title("Packets -> records -> suspicions at each actor; shares -> private join -> leads at the centre")
        sensors = [m for m in self._sector.members if m.plan.captures]
        with self._console.status("reading"):
            for member in sensors:
                self._wait_read(member)
        self._say(
            f"  all packets read and looked at; {self._sector.memory_mb():,} MB of memory in use by all processes"
        )
        read_us = time.time_ns() // 1000
        self._lose_a_holder()
        desk = self._sector.desk()
        with self._console.status("waiting for rounds"):
            end = time.monotonic() + LEAD_S_MAX
            while (view := _first_case_lead(desk)) is None and time.monotonic() < end:
                self._sector.check()
                time.sleep(1)
            settled = time.monotonic() + 2 * WEAK_EVERY_S
            while view is not None and not _rounds_of_all(desk, read_us) and time.monotonic() < settled:
                time.sleep(1)
                view = _first_case_lead(desk) or view
        if view is None:
            self._say(
                f"  no lead within {LEAD_S_MAX:.0f} s: no peer that enough of these actors suspect is good enough"
            )
            self.figures |= {"lead": None, "suspicions": {m.plan.name: len(ranked(m)) for m in sensors}}
            return None
        self._show_lead(desk, view)
        return view

    def _lose_a_holder(self) -> None:
        self._lost_us = time.time_ns() // 1000
        holder = self._sector.holders.kill(LOST)
        self._say(f"  key holder {holder.number} is killed here, and does not come back. The story goes on.")

    def _wait_read(self, member: Member) -> None:
        end_us = self._ends_us[member.plan.name]
        wait_for(
            self._sector,
            READ_S_MAX,
            f"{member.plan.name}: reading its packets",
            lambda: True if horizon_us(member) >= end_us - HOUR_US else None,
        )
        self._say(f"  {member.plan.name:<14} {len(ranked(member)):>4} suspicions")

    def _show_lead(self, desk: Desk, view: LeadView) -> None:
        lead = view.lead
        seen = [alone(m, lead.observables) for m in self._sector.members if m.plan.captures]
        self._title("What each actor saw alone")
        table = Table("actor", "rank alone", "own alert line", "below it", "p", "why", box=None)
        for seen_by in seen:
            rank = "-" if seen_by.rank is None else f"{seen_by.rank} of {seen_by.suspicions}"
            p = "" if seen_by.p is None else f"{seen_by.p:.2g}"
            below = "not seen" if seen_by.rank is None else "yes" if seen_by.below else "NO"
            table.add_row(seen_by.actor, rank, f"first {seen_by.line}", below, p, seen_by.why)
        self._console.print(table)
        self._title("What the sector saw")
        self._say(f"  rank {lead.rank}: {', '.join(str(o) for o in lead.observables)} at {', '.join(lead.actors)}")
        for term in lead.terms:
            self._say(f"    {term.nats:+6.2f}  {term.why.en}")
        for actor, score in lead.without:
            self._say(f"    without {actor}: {score:.2f} instead of {lead.score:.2f}")
        self.figures["actors"] = [
            asdict(seen_by) | {"rank_alone": seen_by.rank, "below_own_alert_line": seen_by.below} for seen_by in seen
        ]
        self.figures["lead"] = {
            "rank": lead.rank,
            "score": round(lead.score, 3),
            "actors": list(lead.actors),
            "observables": [str(o) for o in lead.observables],
            "reasons": [t.why.en for t in lead.terms],
            "first_sighting": iso_hour(lead.first_hour),
            "of_leads": len(desk.lead_book.leads(1000)),
        }
        self.figures["first_known_us"] = _first_known(seen, lead.actors)

    def _people(self) -> tuple[Principal, Principal]:
        """Who confirms and who releases: two accounts at the centre, each by a token of its own."""
        folder = read_centre(self._sector.centre_config).folder
        return acting(folder, ANALYST, Role.ANALYST), acting(folder, SECOND, Role.APPROVER)

    def _protect(self, view: LeadView) -> list[str]:
        self._title("A person confirms the case; its indicators go to every actor")
        desk = self._sector.desk()
        names = [o.value for o in view.lead.observables if o.type is ObservableType.DOMAIN]
        names = [known for known in self._sector.known for name in names if known.endswith(name)] or names
        before = {m.plan.name: ask(m, names[0]) for m in self._sector.members} if names else {}
        first, second = self._people()
        case = desk.open_case(view.lead.id, first)
        desk.cases.act(case.id, CaseAct.CONFIRM, first, "three actors, one rare peer, regular calls")
        desk.cases.act(case.id, CaseAct.RELEASE, second, "block it in the whole sector")
        views = self._enforced(desk, _blockable(view))
        if not any(at.enforced_us for each in views for at in each.actors):
            raise Stop(Exit.BROKEN, "no actor put the indicators into force; `bavn centre indicators` would say why")
        clock = dict(desk.times.clock(views[0].kept.indicator.id).steps)
        blocked: dict[str, list[str]] = {}
        for each in views:
            for at in each.actors:
                if at.state in ("enforced", "partly"):
                    blocked.setdefault(at.actor, []).append(
                        f"{each.kept.indicator.observable} by {', '.join(at.enforcers)}"
                    )
        for member in self._sector.members:
            name = member.plan.name
            after = ask(member, names[0]) if names else ""
            answer = f"; {names[0]}: {before[name]} before, {after} now" if names else ""
            self._say(f"  {name:<14} {'; '.join(blocked.get(name, ['nothing']))}{answer}")
        clinic = next((m for m in self._sector.members if not m.plan.captures), None)
        if clinic is not None and names:
            answer = ask(clinic, names[0])
            self._say(f"  the clinic's first blocked query: {names[0]} -> {answer}")
            self.figures["clinic_first_blocked_query"] = {"name": names[0], "answer": answer}
        last_us = max(at.enforced_us or 0 for each in views for at in each.actors)
        first_us = self.figures.pop("first_known_us")
        self.figures |= {
            "blocks": dict(sorted(blocked.items())),
            "text_lists": {m.plan.name: listed(m, "domain.txt") + listed(m, "ip.txt") for m in self._sector.members},
            "first_sighting_to_last_block_s": round((last_us - first_us) / SECOND_US, 3) if first_us else None,
            "clock": {name: when(at) for name, at in clock.items()},
        }
        self._say(
            "  the clock: " + ", ".join(f"{name} {when(at)}" for name, at in clock.items() if name != "first_sighting")
        )
        self._say(
            f"  from the first node's suspicion to the last block: {self.figures['first_sighting_to_last_block_s']} s "
            f"(the packets' own first sighting: hour {iso_hour(view.lead.first_hour)}, before these nodes ran)"
        )
        return [each.kept.indicator.id for each in views]

    def _guide(self, view: LeadView) -> list[str]:
        """A person does it in the consoles; the case's indicators that stand afterwards."""
        self._title("Protect the sector yourself: two consoles are up (the path, step by step; Ctrl-C ends it)")
        desk = self._sector.desk()
        case_id = next(case.id for case in desk.cases.every() if case.lead_id == view.lead.id)
        consoles = self._consoles = start_consoles(self._sector)
        for line in who_signs_in(consoles):
            self._say(line)
        self._say("")
        walk(self._say, to_protect(desk, view, case_id, consoles, self._sector), self._sector.check)
        return [each.kept.indicator.id for each in of_case(desk, case_id)]

    def _show_consoles(self, view: LeadView) -> None:
        """Both consoles, with a path through them. They stay until Ctrl-C where somebody can look."""
        self._title("Look yourself: two consoles over this sector")
        consoles = self._consoles = self._consoles or start_consoles(self._sector)
        self.figures["consoles"] = {"sac": consoles.sac, "soc": consoles.soc}
        if not self._stays:
            self._say(f"  Both answered, at {consoles.sac} and {consoles.soc}; without --headless they stay.")
            return
        guard = next((m.plan.name for m in self._sector.members if not m.plan.captures), view.lead.actors[-1])
        case_id = next(case.id for case in self._sector.desk().cases.every() if case.lead_id == view.lead.id)
        path = to_look_at(consoles, view.lead.id, case_id, view.lead.actors[0], guard)
        for line in (*who_signs_in(consoles), *path):
            self._say(line)
        self._say("\n  Ctrl-C stops everything.")
        with suppress(KeyboardInterrupt):
            while True:
                self._sector.check()
                time.sleep(1)

    def _enforced(self, desk: Desk, wanted: set[Any]) -> list[IndicatorView]:
        def look() -> list[IndicatorView] | None:
            views = [
                v for v in desk.indicators() if v.kept.indicator.observable in wanted and not v.kept.indicator.revoked
            ]
            done = views and all(
                len(v.actors) == len(self._plans) and all(a.state in SETTLED for a in v.actors) for v in views
            )
            return views if done else None

        return wait_for(self._sector, BLOCK_S_MAX, "the last block", look)

    def _look_back(self, view: LeadView, indicator_ids: list[str]) -> None:
        self._title("Who else was hit (retro-hunt over each actor's own history; yes or no, and the hours)")
        desk = self._sector.desk()
        sensors = {m.plan.name for m in self._sector.members if m.plan.captures}

        def look() -> dict[str, Any] | None:
            sightings: dict[str, Any] = {}
            for each in indicator_ids:
                for sighting in desk.deliveries.sightings(each):
                    if sighting.kind == "retro":
                        sightings.setdefault(sighting.actor, []).append(sighting)
            return sightings if sensors <= set(sightings) else None

        said = wait_for(self._sector, RETRO_S_MAX, "the answers of the retro-hunt", look)
        hits = {}
        for actor, sightings in sorted(said.items()):
            met = [s for s in sightings if s.first_hour is not None]
            if met:
                hits[actor] = [iso_hour(min(s.first_hour for s in met)), iso_hour(max(s.last_hour for s in met))]
                new = "" if actor in view.lead.actors else "   <- knew nothing of it"
                self._say(f"  {actor:<14} met it between {hits[actor][0]} and {hits[actor][1]}{new}")
        self.figures["retro_hits"] = hits

    def _measure_releases(self, view: LeadView) -> None:
        """Withdraws and releases the case again and again: from the order to the last block at every actor."""
        if self._releases < 1:
            return
        self._title(f"From release to the last block at all {len(self._plans)} actors, {self._releases} times")
        desk = self._sector.desk()
        first, second = self._people()
        case_id = desk.open_case(view.lead.id, first).id
        wanted = _blockable(view)
        took: list[float] = []
        with self._console.status("withdrawing and releasing"):
            for _ in range(self._releases):
                desk.cases.act(case_id, CaseAct.WITHDRAW, first, "drill")
                wait_for(self._sector, BLOCK_S_MAX, "the lifting of the blocks", lambda: _lifted(desk, wanted), LOOK_S)
                time.sleep(REST_S)
                ordered_us = time.time_ns() // 1000
                desk.cases.act(case_id, CaseAct.RELEASE, second, "drill")
                views = self._enforced_since(desk, wanted, ordered_us)
                last_us = max(a.state_us or 0 for v in views for a in v.actors if a.state in ("enforced", "partly"))
                took.append((last_us - ordered_us) / SECOND_US)
        p95 = float(np.quantile(took, 0.95))
        self._say(f"  median {np.median(took):.2f} s, p95 {p95:.2f} s, longest {max(took):.2f} s")
        self.figures |= {"release_to_block_p95_s": round(p95, 3), "release_to_block_s": [round(t, 3) for t in took]}

    def _enforced_since(self, desk: Desk, wanted: set[Any], since_us: int) -> list[IndicatorView]:
        def look() -> list[IndicatorView] | None:
            views = [
                v for v in desk.indicators() if v.kept.indicator.observable in wanted and not v.kept.indicator.revoked
            ]
            fresh = views and all((a.state_us or 0) >= since_us and a.state in SETTLED for v in views for a in v.actors)
            return views if fresh else None

        return wait_for(self._sector, BLOCK_S_MAX, "the last block", look, LOOK_S)

    def _call_again(self, view: LeadView) -> None:
        self._title("The next call past the resolver, handed to a running Suricata whose sets were changed meanwhile")
        with self._console.status("waiting for the alert and its sighting"):
            again = call_again(
                self._sector, self._sector.desk(), set(view.lead.observables), view.lead.actors, self._world
            )
        for line in again.lines:
            self._say(line)
        self.figures |= again.figures

    def _show_what_left(self, view: LeadView) -> None:
        member = next((m for m in self._sector.members if m.plan.name in view.lead.actors), self._sector.members[0])
        lines = left(member)
        self._title(
            f"What left {member.plan.name}, by class, and its first reports in full (`bavn node ledger` has every line)"
        )
        kinds: dict[tuple[str, str], list[int]] = {}
        for line in lines:
            kinds.setdefault((line.kind, line.privacy), []).append(line.bytes)
        for (kind, privacy), sizes in sorted(kinds.items()):
            self._say(
                f"  {privacy:<3} {kind:<12} {len(sizes):>4} messages, {min(sizes):,} to {max(sizes):,} bytes each"
            )
        for line in [entry for entry in lines if entry.kind == "Report"][:4]:
            self._say(f"      {line.summary}")
        self._show_what_the_key_holders_saw()
        self.figures["reports_sent"] = sum(line.kind == "Report" for m in self._sector.members for line in left(m))
        self.figures["left"] = {kind: len(sizes) for (kind, _), sizes in sorted(kinds.items())}
        self.figures["memory_mb"] = self._sector.memory_mb()

    def _show_commons(self) -> None:
        """What each actor learned of its own life outside; a sector that is slow today has learned nothing yet."""
        self._title("The commons: how many others know what is ordinary here (nobody learns a name)")
        with self._console.status("waiting for the day's commons round"):
            end = time.monotonic() + COMMONS_S_MAX
            while (days := {m.plan.name: commons_day(m) for m in self._sector.members}) and time.monotonic() < end:
                self._sector.check()
                if {day.state for day in days.values() if day is not None} == {DayState.ANSWERED.value}:
                    break
                time.sleep(1)
        for name, day in days.items():
            self._say(
                f"  {name:<14} {'it came after the day was opened: tomorrow' if day is None else state_text(day).en}"
            )
        self.figures["commons"] = {
            name: {"state": day.state, "elements": day.elements, "known": day.known}
            for name, day in days.items()
            if day is not None
        }

    def _show_what_the_key_holders_saw(self) -> None:
        """Counts, and nothing else: what they evaluated was blinded, and by a share of the key."""
        self._title("What each key holder saw: who asked, and how many blinded elements (padding included)")
        for holder in self._sector.holders.every:
            self._say(f"  {holder.saw()}")
        used = [use for holder in self._sector.holders.every for use in holder.uses()]
        self.figures["keyholder_elements"] = sum(use.points for use in used)

    def _show_who_noticed(self) -> None:
        """Raises Stop where rounds did not go on without it, or where a page does not say that it is gone."""
        self._title(f"Who noticed that key holder {LOST} is gone: nobody, but the page that says so")
        consoles = self._consoles = self._consoles or start_consoles(self._sector)
        noticed = who_noticed(self._sector, consoles.soc, LOST, self._lost_us)
        for line in noticed.lines:
            self._say(line)
        self.figures["holder_lost"] = noticed.figures

    def _title(self, text: str) -> None:
        self._console.print(f"\n[bold]{text}[/bold]")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _first_case_lead(desk: Desk) -> LeadView | None:
    """The best lead that is good enough for a case and that no list or register speaks for."""
    cases = {case.lead_id for case in desk.cases.every()}
    return next((view for view in desk.lead_book.leads(20) if view.lead.id in cases and not _spoken_for(view)), None)


def _rounds_of_all(desk: Desk, since_us: int) -> bool:
    """Whether a round of each tier was opened since then and is over: what all had seen by then has been joined."""
    since = (each.round for each in desk.rounds(20) if each.round.opened_us >= since_us)
    return {"A", "B"} <= {round_.params.tier for round_ in since if round_.phase is Phase.CLOSED}


def _blockable(view: LeadView) -> set[Observable]:
    """What enforcers can carry at all; a pair of fingerprints is released too, and every actor says that it is not."""
    return {observable for observable in view.lead.observables if observable.type not in BEHAVIOUR}


def _spoken_for(view: LeadView) -> bool:
    """Whether a list or register speaks for it: for its best element, or for every place that it names. One that names
    no place at all (fingerprints, a chain) has nothing that could be blocked."""
    places = [element for element in view.elements if element.observable.type not in BEHAVIOUR]
    if all(element.listed for element in places):
        return True
    return any(term.name == "lists" and term.nats < -1 for term in view.lead.terms)


def _first_known(seen: list[Alone], actors: tuple[str, ...]) -> int | None:
    return min((one.known_us for one in seen if one.known_us is not None and one.actor in actors), default=None)


def _lifted(desk: Desk, wanted: set[Any]) -> bool | None:
    views = [v for v in desk.indicators() if v.kept.indicator.observable in wanted]
    done = views and all(a.state in ("lifted", "refused") for v in views for a in v.actors)
    return True if done else None


def work_folder() -> Path:
    """A fresh folder for one demonstration; short, since sockets lie in it."""
    return Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))


def need(programs: Sequence[str]) -> None:
    """Stop with what to install, before anything is started."""
    import shutil

    missing = [p for p in programs if not (shutil.which(p) or shutil.which(p, path="/usr/sbin:/usr/bin:/sbin"))]
    if missing:
        raise Stop(Exit.MISSING, f"missing: {', '.join(missing)}; run script/bootstrap, or apt-get install them")
