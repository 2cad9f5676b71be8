"""What leaves this node with a chosen host, name or day, and what without it: two worlds, message by message.

Both are made of the node's own suspicions and policy and played by the real door, centre and key holder in a scratch
folder, among parties that hold everything that this node suspects: more than that can never be asked. Begins at the
suspicions: what the detectors would have made of the other hosts without it is not played, nor are counts, whose noise
is drawn anew (one host moves one of them by one). Refuses to send anything, and to touch the node's own book.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bavn.actor.door.policy import DoorPolicy
from bavn.centre.correlate.tier import Tier
from bavn.model.moment import DAY_US
from bavn.model.suspicion import Suspicion
from bavn.model.text import Text
from bavn.rehearsal.trial import PARTIES_MAX, ActorOutput, NoTrial, message_bytes, played
from bavn.wire.messages.catalogue import Declined, Health, Receipts, Report, ShareUpload

ELEMENTS_MIN: Final = 20
SUSPICIONS_MAX: Final = 1_000
"""The strongest so many are played."""
_OF_A_CELL: Final = frozenset({"round_id", "table", "bin"})
"""Where an element lies in the planes is drawn, by the round's key and by what else is in the padded set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What one world lacks: all suspicions of a host, of a name (peer or element), or of a day (UTC, since 1970)."""

    host: str = ""
    name: str = ""
    day: int | None = None

    def touches(self, suspicion: Suspicion) -> bool:
        """Whether this suspicion rests on it."""
        named = {suspicion.peer, *(observable.value for observable in suspicion.observables)}
        on_day = self.day is not None and suspicion.first_us // DAY_US <= self.day <= suspicion.last_us // DAY_US
        return on_day or suspicion.host == self.host or (self.name != "" and self.name in named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """``uploads``: how many and of how many bytes, the same in both; ``same``: reports that are the same but for the
    place of their cell; ``by_intent``: what differs and rests on what was chosen; ``else_``: what differs and must
    not."""

    suspicions: int
    touched: int
    uploads: int
    upload_bytes: int
    same: int
    by_intent: tuple[Text, ...]
    else_: tuple[Text, ...]


def compared(
    name: str,
    policy: DoorPolicy,
    homes: tuple[str, ...],
    suspicions: Sequence[Suspicion],
    chosen: Chosen,
    now_us: int,
    folder: Path,
) -> Compared:
    """Plays both worlds. Raises NoTrial where the policy takes part in no round."""
    whole = tuple(sorted(suspicions, key=lambda each: (each.p, each.id))[:SUSPICIONS_MAX])
    without = tuple(each for each in whole if not chosen.touches(each))
    others = tuple(replace(each, host="10.0.0.1", peer="another's") for each in whole)
    policy = replace(policy, tell_counts=False)
    tiers = _tiers(policy, sum(len(each.observables) for each in whole))
    outputs = [
        played(name, policy, homes, tiers, mine, others, now_us, folder / f"world-{number}").said
        for number, mine in enumerate((whole, without))
    ]
    rests = {str(o) for each in whole if chosen.touches(each) for o in each.observables}
    by_intent, else_, same = _reports(_by_element(outputs[0]), _by_element(outputs[1]), rests)
    uploads = [[len(message_bytes(each)) for each in out.messages if isinstance(each, ShareUpload)] for out in outputs]
    if uploads[0] != uploads[1]:
        else_.append(Text("uploads differ in number or length"))
    if len({tuple(_others(out)) for out in outputs}) > 1:
        else_.append(Text("messages of other kinds differ"))
    return Compared(
        suspicions=len(whole),
        touched=len(whole) - len(without),
        uploads=len(uploads[0]),
        upload_bytes=sum(uploads[0]),
        same=same,
        by_intent=tuple(by_intent),
        else_=tuple(else_),
    )


def _tiers(policy: DoorPolicy, elements: int) -> tuple[Tier, ...]:
    size = min(policy.set_elements_max, max(ELEMENTS_MIN, elements))
    whole = {"r": 10, "every_s": 3600, "upload_s": 120, "wave_s": 60, "reveal_s": 900}
    tiers = []
    if policy.join_strong:
        tiers.append(Tier(name="A", t=max(2, policy.strong_t_min), m=size, **whole))
    if policy.join_weak:
        tiers.append(Tier(name="B", t=max(3, policy.weak_t_min), m=size, sign_days=3, **whole))
    if not tiers:
        raise NoTrial("the policy takes part in no round")
    if max(policy.members_min, *(tier.t for tier in tiers)) > PARTIES_MAX:
        raise NoTrial(f"the policy asks for more than {PARTIES_MAX} parties")
    return tuple(tiers)


def _by_element(output: ActorOutput) -> dict[str, Mapping[str, Any]]:
    reports = [each for each in output.messages if isinstance(each, Report)]
    return {f"{each.type}:{each.value}": each.model_dump(exclude=set(_OF_A_CELL)) for each in reports}


def _others(output: ActorOutput) -> list[bytes]:
    """All but what a round's own answers are: how many cells are asked about depends on the places that are drawn, and
    so does how many answers waited when the health was told."""
    rest = [each for each in output.messages if not isinstance(each, _ROUND)]
    still = [each.model_copy(update={"queue_messages": 0}) if isinstance(each, Health) else each for each in rest]
    return [message_bytes(each) for each in still]


_ROUND: Final = (ShareUpload, Receipts, Declined, Report)


def _reports(
    whole: Mapping[str, Mapping[str, Any]], without: Mapping[str, Mapping[str, Any]], rests: set[str]
) -> tuple[list[Text], list[Text], int]:
    by_intent: list[Text] = []
    else_: list[Text] = []
    same = 0
    for element in sorted(whole.keys() | without.keys()):
        with_it, without_it = whole.get(element), without.get(element)
        if with_it == without_it:
            same += 1
            continue
        if with_it is None:
            text = Text("{element}: a report leaves only without it", element=element)
        elif without_it is None:
            text = Text("{element}: a report leaves only with it", element=element)
        else:
            differing = ", ".join(sorted(key for key in with_it if with_it[key] != without_it[key]))
            text = Text("{element}: its report differs in {fields}", element=element, fields=differing)
        (by_intent if with_it is not None and _covers(element, rests) else else_).append(text)
    return by_intent, else_, same


def _covers(element: str, rests: set[str]) -> bool:
    """Whether an element stands for something that rests on it: a name for all below it."""
    kind, _, value = element.partition(":")
    return any(rest == element or (rest.startswith(f"{kind}:") and rest.endswith(f".{value}")) for rest in rests)
