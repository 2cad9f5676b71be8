"""What the centre signs: terms of data sharing, agreements on them, and protocols of tests that it takes in; each with
its line in the audit log in one transaction."""

import datetime as dt
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from bavn.centre.cases import audit
from bavn.centre.cases.tables import make_tables
from bavn.centre.cases.two_people import person
from bavn.centre.desk.membership import reason
from bavn.centre.members import rollout, signed, tested
from bavn.centre.members.registry import Registry, UnknownActor, actor_in
from bavn.centre.members.signed import Record
from bavn.centre.members.terms import SECTOR, AgreementStatus, BadTerms, Signing, Terms
from bavn.centre.store.engine import reading, writing
from bavn.model.moment import DAY_US
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.acceptance_protocol import Demands, Outcome, Part, TestKind
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.model.text import Text


class ProtocolRefused(Exception):
    """A test's protocol is not taken in. Whoever handed it over must act. ``refused``: by which rule."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class Agreements:
    """May be open in several processes at once. ``key``: the centre's message key, which signs."""

    def __init__(self, registry: Registry, clock: Clock, key: Ed25519PrivateKey) -> None:
        self._registry, self._clock, self._key = registry, clock, key
        make_tables(registry.engine)

    def publish_terms(self, terms: Terms, by: str, why: str) -> Record:
        """A new version of the data-sharing terms, signed. Raises BadTerms, who.NotAllowed."""
        person(by)
        with writing(self._registry.engine) as tx:
            self._registry.count_up(tx)
            made = signed.sign(tx, self._key, "terms", SECTOR, self._clock.now_us(), terms.fields())
            self._note(tx, by, "rollout-terms", SECTOR, {"version": made.number, "why": reason(why)})
        return made

    def sign(self, actor: str, signing: Signing, by: str) -> Record:
        """Notes that an actor signed the terms as they stand now; the record is signed by the centre. Raises
        UnknownActor for one that is neither in the roll-out nor a member; BadTerms where there are no terms, and for a
        day that is not here yet."""
        person(by)
        now_us = self._clock.now_us()
        with writing(self._registry.engine) as tx:
            self._registry.count_up(tx)
            if rollout.row_of(tx, actor) is None and actor_in(tx, actor) is None:
                raise UnknownActor(Text("no actor is called {name}", name=repr(actor[:60])))
            terms = signed.last(tx, "terms", SECTOR)
            if terms is None:
                raise BadTerms("there are no terms yet: bavn centre rollout terms FILE")
            from_day = (dt.date.fromisoformat(signing.day) - dt.date(1970, 1, 1)).days
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
            made = signed.sign(tx, self._key, "agreement", actor, now_us, content)
            self._note(tx, by, "rollout-sign", actor, {"terms": terms.number, "document": signing.document})
        return made

    def records(self, kind: signed.SignedKind, subject: str | None = None) -> list[Record]:
        """What was signed, by subject and number."""
        with reading(self._registry.engine) as tx:
            return signed.records(tx, kind, subject)

    def take_test(
        self, actor: str, kind: TestKind, given: SignedProtocol, demands: Demands, centre: Part, by: str, why: str
    ) -> Record:
        """Takes an actor's protocol in, with what the centre itself found; the record is signed by the centre, and a
        state may rest on it. Raises ProtocolRefused, who.NotAllowed."""
        person(by)
        reason(why)
        key, now_us = self._registry.key(actor), self._clock.now_us()
        with writing(self._registry.engine) as tx:
            self._registry.count_up(tx)
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
            made = signed.sign(tx, self._key, "test", actor, now_us, tested.body(given, centre, by, why))
            self._note(tx, by, "rollout-test", actor, {"test": kind.value, "protocol": given.digest, "why": why})
        return made

    def agreement(self, actor: str) -> AgreementStatus | None:
        """The agreement that an actor signed last."""
        with reading(self._registry.engine) as tx:
            return rollout.agreement(tx, actor)

    def _note(self, tx: Connection, by: str, act: str, actor: str, detail: dict[str, Any]) -> None:
        audit.note(tx, self._clock.now_us(), by, act, f"rollout/{actor}", detail)
