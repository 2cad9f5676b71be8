"""A centre that lies, each lie by dice, before its real members: real centre, log, doors and protection.

A lie returns which check caught it after how many seconds. Nodes look by themselves at each step; an auditor looks once
an hour, at what anybody can read, or at the database where it was given that.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from unittest.mock import patch

from sqlalchemy import delete, select, update

from bavn.actor.protect.carriers import Enforcers
from bavn.actor.protect.never import NeverBlock, shipped_text
from bavn.actor.protect.outfit import CentreLog, ProtectOutfit
from bavn.actor.protect.policy import ProtectPolicy
from bavn.actor.protect.protect import Protect
from bavn.app.node.health.log import log_problems
from bavn.centre.books.leads import SqlLeadBook
from bavn.centre.books.tables import LEADS
from bavn.centre.cases import audit as audit_log
from bavn.centre.cases.policies import StandingPolicy
from bavn.centre.cases.tables import AUDIT, AUDIT_HEAD, POLICY
from bavn.centre.desk.log_books import held_against_log
from bavn.centre.node.config import CentreConfig, CentreLimits
from bavn.centre.share.deliveries import Deliveries
from bavn.centre.share.tables import INDICATOR
from bavn.centre.store import log
from bavn.centre.store.engine import writing
from bavn.centre.store.log_keeper import summary
from bavn.centre.store.log_tables import LOG_ENTRY, LOG_SHOWN, LOG_STATE
from bavn.model.moment import DAY_US, HOUR_US, SECOND_US
from bavn.model.observable import Observable
from bavn.model.principal import account
from bavn.tlog.audit import audit
from bavn.tlog.checkpoint import Checkpoint, signed
from bavn.tlog.entries import Entry
from bavn.tlog.merkle import consistency, leaf_hash, root
from bavn.tlog.note import note_of
from bavn.tlog.tiles import all_entries
from bavn.wire import seal
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger
from bavn.wire.messages.log import LogShown
from tests.builders import share_request
from tests.centre.node.conftest import WEAK, Sector, make_suspicion
from tests.centre.store.log_folders import MemoryFolder

WITH_ROUNDS = CentreConfig(limits=CentreLimits(rank_every_s=60.0), tiers=(replace(WEAK, m=5, r=2),))
QUIET = CentreConfig(limits=CentreLimits(rank_every_s=60.0), tiers=(replace(WEAK, m=5, r=2, every_s=10**8),))
"""What is not about rounds needs none."""
MEMBERS = {name: name for name in ("east", "north", "south", "west")}
HOURS_MAX = 30
OTHER = Entry(kind="registry", at_s=1, fields={"registry": 1})
HOUR_S, LOOK_S = 3600, 2 * 3600


@dataclass(frozen=True, slots=True)
class Lie:
    """What is told of a lie: the check that catches it, within how many seconds, and how surely."""

    name: str
    play: Callable[["LiedTo"], tuple[str, float] | None]
    check: str
    within_s: int = LOOK_S
    probability: float = 1.0
    rounds: bool = False


class LiedTo:
    """A sector whose centre is about to lie. ``dice`` choose victim, moment and matter."""

    def __init__(self, sector, dice, *, rounds):
        self.sector, self.dice, self.number = sector, dice, 0
        for node in sector.nodes.values():
            self._protected(node)
        for name in dice.sample(sorted(sector.nodes), 3 if rounds else 0):
            sector.nodes[name].suspicions = [make_suspicion()]
        sector.run()
        sector.wait(dice.uniform(10, 1000))
        self.victim = sector.nodes[dice.choice(sorted(sector.nodes))]
        self.began_us = sector.clock.now_us()

    def _protected(self, node):
        """The real way in, in the place of the one that only notes what it is told."""
        witness = node.door.witness.book
        outfit = ProtectOutfit(
            clock=node.clock,
            policy=ProtectPolicy(log_proof=True),
            never=NeverBlock.of(shipped_text(), "shipped"),
            enforcers=Enforcers((), ()),
        )
        protect = Protect(Ledger(node.book), outfit, CentreLog(witness.proven, witness.released))
        node.protect = protect
        node._protect = protect.take_in

    # --- time ---------------------------------------------------------------------------------------------------

    def later(self, seconds):
        """Time passes, and everybody does what is due."""
        self.sector.clock.advance(round(seconds * SECOND_US))
        for _ in range(3):  # a release, its checkpoint, its proof
            self.sector.run()
            for node in self.sector.nodes.values():
                node.protect.step()
            self.sector.clock.advance(SECOND_US)

    def caught(self, look, step_s=3600, hours=HOURS_MAX):
        """The first check that catches it and after how long, or None; looks now, and then at each step."""
        for _ in range(round(hours * 3600 / step_s)):
            found = look()
            if found:
                return found, (self.sector.clock.now_us() - self.began_us) / SECOND_US
            self.later(step_s)
        return None

    # --- who looks ----------------------------------------------------------------------------------------------

    def public(self):
        """`bavn audit` by anybody: the first check that is evidence."""
        report = audit(self.sector.log.read, self.sector.centre.log.key)
        return next((f"bavn audit: {each.check}" for each in report.findings if each.evidence), "")

    def books(self):
        """`bavn centre log --books` by an auditor with the database."""
        size = summary(self.sector.engine).size
        findings = held_against_log(self.sector.desk, self.sector.log.read, size)
        return next((f"bavn centre log --books: {each.check}" for each in findings if not each.good), "")

    def node(self, node):
        """What the node's own health says of the log."""
        problems = log_problems(node.door.witness.watch(), node.clock.now_us())
        return next((f"a node's health: {each.code}" for each in problems), "")

    def members(self):
        return next(filter(None, map(self.node, self.sector.nodes.values())), "")

    def compared(self, node):
        """`bavn node watch-centre --log`: what was shown here against what everybody can read."""
        note = note_of(node.door.witness.book.standing().note.encode())
        report = audit(self.sector.log.read, self.sector.centre.log.key, earlier=note)
        return next((f"bavn node watch-centre --log: {each.check}" for each in report.findings if each.evidence), "")

    # --- what the centre does -----------------------------------------------------------------------------------

    def release(self):
        self.number += 1
        observable = Observable.of("domain", f"bad-{self.dice.randrange(10**9)}.net")
        wanted = share_request(observable, case_id=f"case-{self.number:016x}")
        assert self.sector.centre._share.release([wanted], 1) == {}

    def policy(self, second=""):
        until_us = self.sector.clock.now_us() + 30 * DAY_US
        terms = StandingPolicy(
            name="by itself",
            score_min=self.dice.uniform(5, 9),
            groups_min=self.dice.choice((2, 3)),
            types=("domain",),
            blocks_per_day_max=10,
            indicator_days=10,
            until_us=until_us,
        )
        policies = self.sector.desk.cases.policies
        state = policies.propose(terms, account("anne"))
        return policies.approve(state.id, account(second)) if second else state


# --- two histories --------------------------------------------------------------------------------------------------


def rewrites_the_past(lied):
    """An entry that was published is another one from now on, signed anew, and shown to everybody."""
    sector = lied.sector
    size = min(node.door.witness.book.standing().size for node in sector.nodes.values())
    with writing(sector.engine) as tx:
        at = lied.dice.randrange(size)
        here = update(LOG_ENTRY).where(LOG_ENTRY.c.number == at)
        tx.execute(here.values(kind=OTHER.kind, fields="", content_hash=""))
        tx.execute(update(LOG_ENTRY).where(LOG_ENTRY.c.number == at).values(entry=OTHER.bytes()))
        tx.execute(delete(LOG_STATE))
        tx.execute(delete(LOG_SHOWN))
        log.append(tx, "release", sector.clock.now_us(), content={"id": "x"})
    sector.log.files.clear()
    sector.restart()
    lied.later(1)
    return lied.caught(lied.members, step_s=60, hours=1)


def shows_one_member_another_log(lied):
    """The victim is shown a history of its own, which goes on from what it saw; all others the public one."""
    sector, victim = lied.sector, lied.victim
    standing = victim.door.witness.book.standing()
    leaves = [leaf_hash(text) for text in all_entries(standing.size, sector.log.read)]
    leaves.append(leaf_hash(Entry(kind="software", at_s=1, fields={"version": f"{lied.dice.random()}"}).bytes()))
    path = consistency(standing.size, len(leaves), lambda start, end: root(leaves[start:end]))
    key = sector.centre.log._key
    shown = LogShown(
        key=standing.key,
        checkpoint=signed(Checkpoint(standing.origin, len(leaves), root(leaves)), key).text(),
        since=standing.size,
        proof=tuple(each.hex() for each in path),
    )
    raw = seal.seal(sector.centre_key, "centre", victim.name, victim.door.heard + 1, shown)
    assert victim.door.take_in(raw, victim._protect) is None
    victim.asleep = True  # nothing of the public history comes to it
    assert victim.door.witness.book.standing().size == len(leaves)
    lied.later(lied.dice.uniform(1, 3600))
    return lied.caught(lambda: lied.compared(victim))


# --- leads ----------------------------------------------------------------------------------------------------------


def _without(hidden):
    """A centre that ranks without what it hides."""
    real = SqlLeadBook.keep

    def keep(self, ranking, first_reports, now_us):
        real(self, [each for each in ranking if not hidden(each.lead)], first_reports, now_us)

    return patch.object(SqlLeadBook, "keep", keep)


def hides_a_lead_that_was_listed(lied):
    """A lead that the log's list holds is gone from the centre's books, and ranked no more."""
    lied.later(3600)
    lied.began_us = lied.sector.clock.now_us()
    with writing(lied.sector.engine) as tx:
        lead_id = lied.dice.choice(sorted(tx.scalars(select(LEADS.c.id))))
        tx.execute(delete(LEADS).where(LEADS.c.id == lead_id))
    with _without(lambda lead: lead.id == lead_id):
        lied.later(lied.dice.uniform(1, 3600))
        return lied.caught(lied.books)


def hides_a_lead_from_the_first(lied):
    """What two groups report is in no list that is made: neither in the log's nor in the books."""
    sector = lied.sector
    hidden = Observable.of("domain", f"hidden-{lied.dice.randrange(10**9)}.net")
    for name in lied.dice.sample(sorted(sector.nodes), 3):
        node = sector.nodes[name]
        other = node.suspicions[0] if node.suspicions else next(s for n in sector.nodes.values() for s in n.suspicions)
        made = {"id": f"{lied.dice.randrange(16**8):032x}", "peer": hidden.value, "observables": (hidden,)}
        node.suspicions = [type(other)(**{f: getattr(other, f) for f in other.__slots__} | made)]
    with _without(lambda lead: hidden in lead.observables):
        return lied.caught(lied.books, hours=8)


# --- releases -------------------------------------------------------------------------------------------------------


def back_dates_the_entry(lied):
    """The entry of a release says that it was made hours or weeks ago."""
    back_us = round(lied.dice.uniform(2 * HOUR_US, 30 * DAY_US))
    real = log.append

    def append(tx, kind, at_us, *fields, **content):
        real(tx, kind, at_us - back_us if kind == "release" else at_us, *fields, **content)

    with patch("bavn.centre.share.deliveries.log.append", append):
        lied.release()
    lied.later(lied.dice.uniform(1, 3600))
    return lied.caught(lied.public)


def back_dates_the_books(lied):
    """The centre's books say that a release was made before its entry says so."""
    lied.release()
    lied.later(1)
    back_us = round(lied.dice.uniform(HOUR_US, 30 * DAY_US))
    with writing(lied.sector.engine) as tx:
        tx.execute(update(INDICATOR).values(released_us=INDICATOR.c.released_us - back_us))
    lied.began_us = lied.sector.clock.now_us()
    lied.later(lied.dice.uniform(1, 3600))
    return lied.caught(lied.books)


def keeps_a_release_back(lied):
    """One member never gets a release that the log holds, and all others do."""
    release, newcomers, victim = Deliveries.release, Deliveries.owe_newcomers, lied.victim.name

    def but_one(self, indicator, grounds, actors, *rest, **more):
        return release(self, indicator, grounds, [each for each in actors if each != victim], *rest, **more)

    def owe(self, actors, now_us):
        newcomers(self, [each for each in actors if each != victim], now_us)

    with patch.object(Deliveries, "release", but_one), patch.object(Deliveries, "owe_newcomers", owe):
        lied.release()
        lied.later(1)
        lied.later(lied.dice.uniform(20 * 3600, 23 * 3600))
        return lied.caught(lambda: lied.node(lied.victim), step_s=1800)


def releases_to_one_and_logs_nothing(lied):
    """One member gets a release of which the log knows nothing; later ones are released as they ought to be."""
    release, victim = Deliveries.release, lied.victim.name

    def to_one(self, indicator, grounds, actors, *rest, **more):
        return release(self, indicator, grounds, [each for each in actors if each == victim], *rest, **more)

    with patch.object(Deliveries, "owe_newcomers", lambda *_: None):
        with patch.object(Deliveries, "release", to_one), patch("bavn.centre.share.deliveries.log.append", _nothing):
            lied.release()
        lied.later(lied.dice.uniform(2 * 3600, 6 * 3600))
        lied.release()
        lied.later(14 * 3600)
        return lied.caught(lambda: lied.node(lied.victim), step_s=1800)


def _nothing(*_, **__):
    pass


# --- policies -------------------------------------------------------------------------------------------------------


def approves_alone(lied):
    """A policy is in force by the books, and whoever proposed it is the only one behind it."""
    state = lied.policy()
    now_us = lied.sector.clock.now_us()
    with writing(lied.sector.engine) as tx:
        here = update(POLICY).where(POLICY.c.id == state.id)
        tx.execute(here.values(approved_by="bo", approved_us=now_us))
        if lied.dice.random() < 0.5:  # a line of it, by the same person
            audit_log.note(tx, now_us, account("anne"), "policy-approved", state.id, {"proposed_by": "anne"})
    lied.later(lied.dice.uniform(1, 3600))
    return lied.caught(lied.books)


def changes_what_two_agreed_on(lied):
    """A policy that two people approved blocks more than they said."""
    state = lied.policy("bo")
    lied.later(1)
    body = state.terms() | {"score_min": 0.1, "blocks_per_day_max": 10_000}
    with writing(lied.sector.engine) as tx:
        tx.execute(update(POLICY).where(POLICY.c.id == state.id).values(body=json.dumps(body, sort_keys=True)))
    lied.began_us = lied.sector.clock.now_us()
    lied.later(lied.dice.uniform(1, 3600))
    return lied.caught(lied.books)


def rewrites_who_agreed(lied):
    """The same, with the audit log written anew to fit, hashes and all."""
    state = lied.policy("bo")
    lied.later(1)
    body = state.terms() | {"score_min": 0.1}
    with writing(lied.sector.engine) as tx:
        tx.execute(update(POLICY).where(POLICY.c.id == state.id).values(body=json.dumps(body, sort_keys=True)))
        prev = ""
        for row in tx.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings().all():
            line = audit_log.AuditLine(**row)
            values = dict(row) | {"prev": prev or line.prev}
            if line.act == "policy-proposed":
                values["detail"] = json.dumps(json.loads(line.detail) | body, sort_keys=True, separators=(",", ":"))
            values["hash"] = prev = audit_log.AuditLine(**values).expected_hash()
            tx.execute(update(AUDIT).where(AUDIT.c.seq == line.seq).values(**values))
        tx.execute(update(AUDIT_HEAD).values(hash=prev))
    assert lied.sector.desk.audit_verify() is None
    lied.began_us = lied.sector.clock.now_us()
    lied.later(lied.dice.uniform(1, 3600))
    return lied.caught(lied.books)


LIES = (
    Lie(
        "changes the past and shows it to those who saw it",
        rewrites_the_past,
        "a node's health: log_faces",
        within_s=600,
    ),
    Lie("shows one member a history of its own", shows_one_member_another_log, "bavn node watch-centre --log: grown"),
    Lie(
        "hides a lead that stood in the list of an hour",
        hides_a_lead_that_was_listed,
        "bavn centre log --books: leads",
        rounds=True,
    ),
    Lie(
        "hides a lead from the first",
        hides_a_lead_from_the_first,
        "bavn centre log --books: leads",
        within_s=5 * HOUR_S,
        rounds=True,
    ),
    Lie("back-dates the entry of a release", back_dates_the_entry, "bavn audit: order"),
    Lie("back-dates a release in its books", back_dates_the_books, "bavn centre log --books: releases"),
    Lie(
        "keeps a release back from one member",
        keeps_a_release_back,
        "a node's health: log_release_kept_back",
        within_s=25 * HOUR_S,
    ),
    Lie(
        "releases to one member and logs nothing",
        releases_to_one_and_logs_nothing,
        "a node's health: log_release_unproven",
        within_s=25 * HOUR_S,
    ),
    Lie("approves a policy without its second person", approves_alone, "bavn centre log --books: policies"),
    Lie("changes a policy that two agreed on", changes_what_two_agreed_on, "bavn centre log --books: policies"),
    Lie("changes it, and writes the audit log anew to fit", rewrites_who_agreed, "bavn centre log --books: acts"),
)


def played(lie, seed, engine):
    """What became of a lie with the dice of this seed, in a sector of its own; and whether it is what is told of it."""
    sector = Sector(MEMBERS, engine, Book(), config=WITH_ROUNDS if lie.rounds else QUIET)
    try:
        sector.log = MemoryFolder()
        sector.restart()
        found = lie.play(LiedTo(sector, random.Random(seed), rounds=lie.rounds))
    finally:
        sector.close()
    return found, found is not None and found[0] == lie.check and found[1] <= lie.within_s


def honest(seed, engine):
    """The same sector, whose centre does what it says: what any check accuses it of in a day and more."""
    sector = Sector(MEMBERS, engine, Book())
    try:
        sector.log = MemoryFolder()
        sector.restart()
        lied = LiedTo(sector, random.Random(seed), rounds=True)
        lied.release()
        lied.policy("bo")

        def look():
            compared = next(filter(None, map(lied.compared, sector.nodes.values())), "")
            return lied.members() or compared or lied.public() or lied.books()

        return lied.caught(look, step_s=4 * 3600)
    finally:
        sector.close()
