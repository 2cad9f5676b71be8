"""What people do to the roll-out, each act with its line in the audit log in one transaction: the register, the plan,
agreements, steps; and how each actor stands, what blocks it and whom it holds up.

Refuses to decide who may: ``app`` does (accounts, roles).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine

from bavn.centre.cases import audit
from bavn.centre.cases.two_people import person
from bavn.centre.desk.membership import Membership, reason
from bavn.centre.desk.rollout_facts import RolloutFacts, Stand
from bavn.centre.members import rollout, signed, tested
from bavn.centre.members.registry import Registry, actor_in
from bavn.centre.members.roles import Roles
from bavn.centre.members.rollout import Party
from bavn.centre.members.rollout_tables import make_rollout_tables
from bavn.centre.members.signed import Record
from bavn.centre.members.terms import SECTOR, BadTerms, Signing, Terms
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.acceptance_protocol import Demands, Outcome, Part, TestKind
from bavn.model.sector.functions import Role
from bavn.model.sector.member import Actor, ActorState
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.model.sector.refusal import word
from bavn.model.sector.rollout import FOLLOWED, Does, Need, RolloutAct, Stage, Step, Wait, step_from
from bavn.model.text import Text

_STANDS_AS: Final = {
    ActorState.INVITED: (Stage.AGREEMENT, None),
    ActorState.ACTIVE: (Stage.OPERATING, None),
    ActorState.SUSPENDED: (Stage.SUSPENDED, Stage.OPERATING),
    ActorState.REVOKED: (Stage.LEAVING, None),
}
"""Where a member stands that the register did not know: it was in operation before there was one."""


class Blocked(Exception):
    """Something that the step needs is not there. Whoever asked must see to it."""


class ProtocolRefused(Exception):
    """A test's protocol is not taken in. Whoever handed it over must act. ``refused``: by which rule."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the register as it is written by hand; None leaves what stands. ``plan``: state -> day since 1970;
    ``waits``: what it waits for. Both replace what stands."""

    actor: str
    title: str | None = None
    kind: str | None = None
    region: str | None = None
    group: str | None = None
    functions: tuple[str, ...] | None = None
    suppliers: tuple[str, ...] | None = None
    contact: str | None = None
    waits: tuple[Wait, ...] | None = None
    plan: Mapping[Stage, int | None] | None = None


class RollOut:
    """May be open in several processes at once. ``key``: the centre's message key, which signs terms, agreements and
    proofs; without it nothing is signed here."""

    def __init__(
        self, registry: Registry, membership: Membership, clock: Clock, key: Ed25519PrivateKey | None = None
    ) -> None:
        self._registry, self._membership, self._clock, self._key = registry, membership, clock, key
        self._roles = Roles(registry, clock)
        self.engine: Engine = registry.engine
        make_rollout_tables(self.engine)

    # --- the register ------------------------------------------------------------------------------------------

    def register(self, entries: Sequence[Entry], by: str) -> tuple[int, int]:
        """Writes lines of the register, all or none; (added, changed). Who is new is a candidate. For a member, kind,
        group, functions and suppliers go to the registry and drive priority, the weight of groups and NIS2 drafts.
        Raises BadEntry, BadRole, who.NotAllowed."""
        person(by)
        added = 0
        with writing(self.engine) as tx:
            self._registry.count_up(tx)
            for entry in entries:
                before = rollout.party(tx, entry.actor)
                added += before is None
                self._enter(tx, before or Party(actor=entry.actor), entry)
            for entry in entries:
                if entry.waits is not None:
                    rollout.set_waits(tx, entry.actor, entry.waits)
            for entry in entries:
                rollout.plan(tx, entry.actor, entry.plan or {})
                self._note(tx, by, "rollout-register", entry.actor, _audited(entry))
        return added, len(entries) - added

    def _enter(self, tx: Connection, before: Party, entry: Entry) -> None:
        member = actor_in(tx, entry.actor)
        role = Role(
            before.role.functions if entry.functions is None else tuple(sorted(set(entry.functions))),
            before.role.suppliers if entry.suppliers is None else tuple(sorted(set(entry.suppliers))),
        )
        given: dict[str, Any] = {
            name: value
            for name in ("title", "kind", "region", "group", "contact")
            if (value := getattr(entry, name)) is not None
        }
        changed = replace(before, role=role, **given)
        if member is not None and not before.since_us:
            stage, was = _STANDS_AS[member.state]
            changed = replace(
                changed, stage=stage, before=was, kind=entry.kind or member.kind, group=entry.group or member.group
            )
        rollout.keep(tx, changed, self._clock.now_us())
        if member is not None:
            self._roles.set_in(
                tx,
                entry.actor,
                functions=entry.functions,
                suppliers=entry.suppliers,
                group=entry.group,
                canary=None,
                kind=entry.kind,
            )

    def adopt(self, by: str, why: str) -> list[str]:
        """Takes every member that the register does not know into it, as it stands in the registry."""
        reason(why)
        with reading(self.engine) as tx:
            known = {one.actor for one in rollout.parties(tx)}
        fresh = [actor.name for actor in self._registry.actors() if actor.name not in known]
        self.register([Entry(actor=name) for name in fresh], by)
        return fresh

    # --- plan --------------------------------------------------------------------------------------------------

    def plan(self, actor: str, stage: Stage, day: int | None, by: str, why: str) -> None:
        """Plans the day of a state, or takes it out. Raises UnknownParty, BadEntry, who.NotAllowed."""
        person(by)
        with writing(self.engine) as tx:
            self._registry.count_up(tx)
            rollout.plan(tx, actor, {stage: day})
            self._note(tx, by, "rollout-plan", actor, {"stage": stage.value, "day": day, "why": reason(why)})

    def wait(self, wanted: Wait, by: str, why: str, *, no: bool = False) -> None:
        """One actor waits for another from now on, or no more. Raises UnknownParty, BadEntry, who.NotAllowed."""
        person(by)
        with writing(self.engine) as tx:
            self._registry.count_up(tx)
            there = [
                one for one in rollout.waits(tx, wanted.actor) if (one.stage, one.other) != (wanted.stage, wanted.other)
            ]
            rollout.set_waits(tx, wanted.actor, there if no else [*there, wanted])
            detail = {"before": wanted.stage.value, "other": wanted.other, "until": wanted.until.value, "no": no}
            self._note(tx, by, "rollout-wait", wanted.actor, detail | {"why": reason(why)})

    # --- agreements --------------------------------------------------------------------------------------------

    def publish_terms(self, terms: Terms, by: str, why: str) -> Record:
        """A new version of the data-sharing terms, signed. Raises BadTerms, who.NotAllowed."""
        person(by)
        with writing(self.engine) as tx:
            self._registry.count_up(tx)
            made = signed.sign(tx, self._signing_key(), "terms", SECTOR, self._clock.now_us(), terms.fields())
            self._note(tx, by, "rollout-terms", SECTOR, {"version": made.number, "why": reason(why)})
        return made

    def sign(self, actor: str, signing: Signing, by: str) -> Record:
        """Notes that an actor signed the terms as they stand now; the record is signed by the centre. Raises
        UnknownParty; BadTerms where there are no terms, and for a day that is not here yet."""
        person(by)
        now_us = self._clock.now_us()
        with writing(self.engine) as tx:
            self._registry.count_up(tx)
            rollout.known(tx, actor)
            terms = signed.last(tx, "terms", SECTOR)
            if terms is None:
                raise BadTerms("there are no terms yet: bavn centre rollout terms publish FILE")
            from_day = day_of(signing.day)
            if from_day > now_us // DAY_US:
                raise BadTerms(f"{signing.day} is not here yet")
            content = {
                "terms": terms.number,
                "terms_sha256": terms.digest,
                "signed_by": signing.signed_by,
                "as": signing.as_what,
                "day": signing.day,
                "document": signing.document,
                "until_day": from_day + int(terms.fields["valid_days"]),
            }
            made = signed.sign(tx, self._signing_key(), "agreement", actor, now_us, content)
            self._note(tx, by, "rollout-sign", actor, {"terms": terms.number, "document": signing.document})
        return made

    def records(self, kind: signed.SignedKind, subject: str | None = None) -> list[Record]:
        """What was signed, by subject and number."""
        with reading(self.engine) as tx:
            return signed.records(tx, kind, subject)

    # --- tests -------------------------------------------------------------------------------------------------

    def take_test(
        self, actor: str, kind: TestKind, given: SignedProtocol, demands: Demands, centre: Part, by: str, why: str
    ) -> Record:
        """Takes an actor's protocol in, with what the centre itself found; the record is signed by the centre, and a
        step may rest on it. Raises UnknownParty, who.NotAllowed; ProtocolRefused."""
        person(by)
        reason(why)
        key, now_us = self._registry.key(actor), self._clock.now_us()
        with writing(self.engine) as tx:
            self._registry.count_up(tx)
            rollout.known(tx, actor)
            if key is None:
                raise ProtocolRefused(
                    Refused("signature", "{actor} is not let in: no key of its is known", actor=actor)
                )
            refused = tested.refusal(given, actor, kind, key.public_bytes_raw().hex(), now_us, demands)
            before = tested.taken_before(tx, given.digest)
            if refused is None and before is not None:
                refused = Refused(
                    "replay",
                    "it was taken in before, as number {number} of {subject}",
                    number=before.number,
                    subject=before.subject,
                )
            if refused is None and centre.outcome is not Outcome.PASSED:
                bad = [one for one in centre.figures if one.outcome in (Outcome.FAILED, Outcome.NOT_TESTED)]
                named = "; ".join(one.measure.name.en for one in bad)
                refused = Refused(
                    "centre", "the centre's own side is {outcome}: {named}", outcome=centre.outcome.value, named=named
                )
            if refused is not None:
                raise ProtocolRefused(refused)
            made = signed.sign(tx, self._signing_key(), "test", actor, now_us, tested.body(given, centre, by, why))
            self._note(tx, by, "rollout-test", actor, {"test": kind.value, "protocol": given.digest, "why": why})
        return made

    # --- steps -------------------------------------------------------------------------------------------------

    def move(
        self, actor: str, act: RolloutAct, by: str, why: str, evidence: str = "", *, by_hand: bool = False
    ) -> Stage:
        """Takes a step; where it stands now. A step that needs a protocol rests on one that was taken in (``tests``);
        ``evidence``: its SHA-256, where a certain one is meant, or with ``by_hand`` that of any file, which the record
        then says. What the step does to the member is done with it. Raises UnknownParty, NoSuchStep, Blocked,
        who.NotAllowed."""
        person(by)
        reason(why)
        if act in FOLLOWED:
            follows = {RolloutAct.ENROL: Text("its node enrols"), RolloutAct.DELETE: Text("its deletion is proved")}
            raise Blocked(
                Text("{act} is no step by hand: it follows when {follows}", act=word(act), follows=follows[act])
            )
        member = self._registry.actor(actor)
        with reading(self.engine) as tx:
            step = step_from(rollout.known(tx, actor).stage, act)
            self._check(tx, actor, step, evidence, by_hand=by_hand)
        if step.does is not Does.NOTHING and member is not None and member.state is not ActorState.REVOKED:
            acts = {
                Does.SUSPENDS: self._membership.suspend,
                Does.RESUMES: self._membership.resume,
                Does.REVOKES: self._membership.revoke,
            }
            acts[step.does](actor, by, why)
        else:
            with writing(self.engine) as tx:
                self._registry.count_up(tx)
                step = step_from(rollout.known(tx, actor).stage, act)
                evidence = self._check(tx, actor, step, evidence, by_hand=by_hand)
                rollout.move(tx, actor, act, self._clock.now_us(), by, why, evidence, by_hand=by_hand)
                detail = {"why": why, "evidence": evidence} | ({"by_hand": True} if by_hand else {})
                self._note(tx, by, f"rollout-{act.value}", actor, detail)
        with reading(self.engine) as tx:
            return rollout.known(tx, actor).stage

    def _check(self, tx: Connection, actor: str, step: Step, evidence: str, *, by_hand: bool) -> str:
        """What the step rests on: SHA-256, or empty. Raises Blocked."""
        facts = RolloutFacts(tx, self._clock.now_us())
        wants = Need.PROTOCOL in step.needs
        if by_hand and not (wants and evidence):
            raise Blocked(Text("by hand is a step that needs a protocol, with the file that it rests on"))
        missing = [need for need in facts.missing(actor, step) if need is not Need.PROTOCOL or not by_hand]
        unmet = facts.unmet(actor, step.to)
        if missing or unmet:
            waits = [word(need) for need in missing]
            waits += [Text.shaped("{other} ({until})", other=one.other, until=word(one.until)) for one in unmet]
            raise Blocked(
                Text(
                    "{actor} cannot {act} yet; it waits for: {waits}",
                    actor=actor,
                    act=word(step.act),
                    waits=Text.joined(", ", waits),
                )
            )
        protocol = facts.protocol(actor, step) if wants and not by_hand else None
        if protocol is None:
            return evidence
        digest = str(protocol.fields["protocol_sha256"])
        if evidence not in ("", digest):
            raise Blocked(
                Text(
                    "that is not the protocol that was taken in last: bavn centre accept {actor}, or by hand",
                    actor=actor,
                )
            )
        return digest

    # --- how they stand ----------------------------------------------------------------------------------------

    def stands(self) -> tuple[list[Stand], list[str]]:
        """How each actor of the register stands, by name; and the members that it does not know."""
        with reading(self.engine) as tx:
            facts = RolloutFacts(tx, self._clock.now_us())
            made = [facts.stand(name) for name in sorted(facts.parties)]
            outside = sorted(set(facts.members) - set(facts.parties))
        return made, outside

    def stand(self, actor: str) -> Stand:
        """One of them. Raises UnknownParty."""
        with reading(self.engine) as tx:
            rollout.known(tx, actor)
            return RolloutFacts(tx, self._clock.now_us()).stand(actor)

    def waits(self) -> list[Wait]:
        """All that anybody waits for."""
        with reading(self.engine) as tx:
            return rollout.waits(tx)

    def members(self) -> dict[str, Actor]:
        """The registry's actors by name."""
        return {actor.name: actor for actor in self._registry.actors()}

    def roles(self) -> dict[str, Role]:
        """What each member does, as the registry has it."""
        return self._roles.every()

    def now_us(self) -> int:
        """The moment by this centre's clock."""
        return self._clock.now_us()

    def today(self) -> int:
        """The day since 1970, in UTC."""
        return self._clock.now_us() // DAY_US

    def _signing_key(self) -> Ed25519PrivateKey:
        if self._key is None:
            raise Blocked(Text("this process has no key to sign with"))
        return self._key

    def _note(self, tx: Connection, by: str, act: str, actor: str, detail: dict[str, Any]) -> None:
        audit.note(tx, self._clock.now_us(), by, act, f"rollout/{actor}", detail)


def day_of(text: str) -> int:
    """Days since 1970 of an ISO date. ValueError for anything else."""
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


def _audited(entry: Entry) -> dict[str, Any]:
    """What the audit log keeps of a line: what it sets, and never the mailbox itself."""
    fields: dict[str, Any] = {
        name: value for name in ("title", "kind", "region", "group") if (value := getattr(entry, name)) is not None
    }
    fields |= {name: list(value) for name in ("functions", "suppliers") if (value := getattr(entry, name)) is not None}
    if entry.contact is not None:
        fields["contact"] = bool(entry.contact)
    if entry.waits is not None:
        fields["waits"] = [f"{wait.stage.value}:{wait.other}={wait.until.value}" for wait in sorted(entry.waits)]
    if entry.plan:
        fields["plan"] = {stage.value: day for stage, day in entry.plan.items()}
    return fields
