"""A released indicator on its way to a partner at gate 3: the item, the draft that the rules build of it, the rules.

What holds of an indicator whoever gets it holds here too (outgoing_rules.py); the rest is the partner's policy. A
withdrawal goes to whoever was given the indicator, whatever the policy has become since, and to nobody else. Refuses to
know how it travels.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from bavn.centre.share.outgoing import Grounds, Outgoing, OutgoingDraft
from bavn.model.intel.indicator import Indicator, Pap, Tlp
from bavn.model.observable import Observable, ObservableType
from bavn.model.outcome import Refused
from bavn.model.ports import Clock
from bavn.model.sector.partner import COLLECTIONS, PEER_PREFIX, Partner, tlp_within
from bavn.model.statement import Releasing
from bavn.model.text import Text
from bavn.wire.gate import Rule
from bavn.wire.ledger import Note
from bavn.wire.partners.stix_out import NotWritable, object_of
from bavn.wire.partners.taxii import Entry
from bavn.wire.privacy import Privacy

KIND: Final = "PartnerObject"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorVersionFacts:
    """What a shelf knows of an indicator's version beyond its text; never shown to a partner."""

    indicator: Indicator
    created_us: int
    grounds: Grounds


@dataclass(frozen=True, slots=True)
class Handing:
    """An object version for a partner. ``facts`` None: context that says nothing of anybody (markings, the author)."""

    partner: Partner
    entry: Entry
    facts: IndicatorVersionFacts | None


@dataclass(frozen=True, slots=True)
class HandingDraft:
    """``body``: the object's text, made by the last rule. ``told``: a withdrawal of what this partner was given."""

    body: str = ""
    told: bool = False


class HandingRules:
    """The row. ``of_indicators``: ShareRules.of_indicators; ``was_given``: whether a partner holds an earlier version
    of an id."""

    def __init__(
        self,
        *,
        of_indicators: tuple[Rule[Outgoing, OutgoingDraft], ...],
        clock: Clock,
        created_by: str,
        was_given: Callable[[str, str], bool],
    ) -> None:
        self._of_indicators, self._clock = of_indicators, clock
        self._created_by, self._was_given = created_by, was_given

    def row(self) -> tuple[Rule[Handing, HandingDraft], ...]:
        """In the order in which they are asked; docs/reference/refusals.md has what each says."""
        return (
            Rule("to_partner", self._to_partner),
            Rule("told_before", self._told_before),
            *(Rule(rule.name, _unless_told(_as_for_actors(rule))) for rule in self._of_indicators),
            Rule("collection", _unless_told(_collection)),
            Rule("handed_on", _unless_told(_handed_on)),
            Rule("tlp_max", _unless_told(_tlp)),
            Rule("pap_max", _unless_told(_pap)),
            Rule("confidence_min", _unless_told(_confidence)),
            Rule("written", self._written),
        )

    def _to_partner(self, item: Handing, draft: HandingDraft) -> HandingDraft | Refused:
        if not item.partner.in_force(self._clock.now_us()):
            return Refused("to_partner", "the agreement with the partner has ended")
        return draft

    def _told_before(self, item: Handing, draft: HandingDraft) -> HandingDraft | Refused:
        if item.facts is None or not item.facts.indicator.revoked:
            return draft
        if not self._was_given(item.partner.name, item.facts.indicator.id):
            return Refused("told_before", "the partner was never given what is withdrawn")
        return replace(draft, told=True)

    def _written(self, item: Handing, draft: HandingDraft) -> HandingDraft | Refused:
        """The text is written anew from typed values alone: no case, no actor, no sighting."""
        if item.facts is None:
            return replace(draft, body=item.entry.body)
        try:
            body = object_of(item.facts.indicator, created_by=self._created_by, created_us=item.facts.created_us)
        except NotWritable as error:
            return Refused.of("written", Text.of_error(error))
        if body != item.entry.body:
            return Refused("written", "the object on the shelf is not what its facts say")
        return replace(draft, body=body)


def note_of(item: Handing, draft: HandingDraft | None = None) -> Note:
    """How the ledger names an object, given or refused: by the hash of what it says."""
    body = item.entry.body if draft is None else draft.body
    return Note(
        kind=KIND,
        item_id=hashlib.sha256(body.encode()).hexdigest(),
        peer=PEER_PREFIX + item.partner.name,
        privacy="" if draft is None else Privacy.C.value,
        bytes=len(body),
        summary=body,
    )


def facts_text(facts: IndicatorVersionFacts) -> str:
    """As JSON, for the shelf."""
    indicator = asdict(facts.indicator) | {
        "observable": [facts.indicator.observable.type.value, facts.indicator.observable.value],
        "tlp": facts.indicator.tlp.value,
        "pap": int(facts.indicator.pap),
    }
    body = {"indicator": indicator, "created_us": facts.created_us, "grounds": asdict(facts.grounds)}
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def facts_of(text: str) -> IndicatorVersionFacts | None:
    """The inverse of :func:`facts_text`; None for an empty text (context)."""
    if not text:
        return None
    body: dict[str, Any] = json.loads(text)
    indicator, grounds = body["indicator"], body["grounds"]
    kind, value = indicator["observable"]
    built = Indicator(
        **indicator
        | {
            "observable": Observable.trusted(ObservableType(kind), value),
            "tlp": Tlp(indicator["tlp"]),
            "pap": Pap(indicator["pap"]),
        }
    )
    lists = {name: tuple(given) for name, given in grounds.items() if isinstance(given, list)}
    return IndicatorVersionFacts(indicator=built, created_us=body["created_us"], grounds=Grounds(**grounds | lists))


Apply = Callable[[Handing, HandingDraft], HandingDraft | Refused]
Judged = Callable[[Partner, IndicatorVersionFacts], Refused | None]


def _unless_told(judge: Judged) -> Apply:
    """A rule that neither context nor a withdrawal of what was given has to pass."""

    def apply(item: Handing, draft: HandingDraft) -> HandingDraft | Refused:
        if item.facts is None or draft.told:
            return draft
        return judge(item.partner, item.facts) or draft

    return apply


def _as_for_actors(rule: Rule[Outgoing, OutgoingDraft]) -> Judged:
    """What a rule of the gate to actors says of the indicator, were the partner one."""

    def judge(partner: Partner, facts: IndicatorVersionFacts) -> Refused | None:
        said = Releasing(to=partner.name, indicator=facts.indicator, created_us=facts.created_us)
        outcome = rule.apply(Outgoing(said, facts.grounds), OutgoingDraft())
        return outcome if isinstance(outcome, Refused) else None

    return judge


def _collection(partner: Partner, facts: IndicatorVersionFacts) -> Refused | None:
    kind = facts.indicator.observable.type
    let_in = any(kind in COLLECTIONS[name].types for name in partner.out.collections)
    if not let_in or kind not in partner.out.types:
        return Refused("collection", "the partner is let into no collection that holds such an indicator")
    return None


def _handed_on(_: Partner, facts: IndicatorVersionFacts) -> Refused | None:
    """What another party told the sector goes on to a third only where its TLP says so."""
    told = facts.grounds.tlp_min
    if told and not tlp_within(Tlp(told), Tlp.GREEN):
        return Refused("handed_on", "somebody outside the sector told of it as {told}: it is not for others", told=told)
    return None


def _tlp(partner: Partner, facts: IndicatorVersionFacts) -> Refused | None:
    if not tlp_within(facts.indicator.tlp, partner.out.tlp_max):
        return Refused(
            "tlp_max", "{tlp} is more than the partner's {most}", tlp=facts.indicator.tlp, most=partner.out.tlp_max
        )
    return None


def _pap(partner: Partner, facts: IndicatorVersionFacts) -> Refused | None:
    if facts.indicator.pap < partner.out.pap_max:
        return Refused(
            "pap_max",
            "PAP:{pap} is more than the partner's {most}",
            pap=facts.indicator.pap.name,
            most=partner.out.pap_max.name,
        )
    return None


def _confidence(partner: Partner, facts: IndicatorVersionFacts) -> Refused | None:
    if facts.indicator.confidence < partner.out.confidence_min:
        return Refused(
            "confidence_min", "its confidence is below the partner's {least}", least=partner.out.confidence_min
        )
    return None
