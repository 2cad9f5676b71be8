"""How the key holders do, as this node sees them: what is wrong with which, and what a page may show.

Refuses to ask them: what rounds and probes came to is handed in.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bavn.app.process.problem import Problem
from bavn.model.moment import DAY_US
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.wire.links.holders import HoldersSeen, Named
    from bavn.wire.links.key_points import ChangedKey


def holders_problems(seen: "HoldersSeen", silent_us: int, now_us: int) -> list[Problem]:
    """Those that fail (one that is silent: for longer than ``silent_us``), and whether fewer than k are left."""
    failing = [named for named in seen.named if named.stays or now_us - named.since_us > silent_us]
    left = len(seen.numbers) - len(failing)
    problems = [_problem(named, goes_on=left >= seen.k) for named in failing]
    if failing and left < seen.k:
        text = Text(
            "{left} of {n} key holders answer, and {k} are needed: no round can be joined until they do",
            left=left,
            n=len(seen.numbers),
            k=seen.k,
        )
        problems.append(Problem(code="holders_few", source="keyholder", text=text, act="other-side"))
    return problems


def key_problems(changed: "Iterable[ChangedKey]", now_us: int) -> list[Problem]:
    """Of each key that was refused, until its day is over."""
    return [
        Problem(code="key_changed", source=f"{key.epoch} {key.tier}", text=changed_words(key), act="operator")
        for key in changed
        if key.epoch >= now_us // DAY_US
    ]


def changed_words(key: "ChangedKey") -> Text:
    """Which key was refused, and who signed it."""
    if not key.signed:
        return Text("epoch {epoch}, tier {tier}: the key holder's key changed", epoch=key.epoch, tier=key.tier)
    return Text(
        "epoch {epoch}, tier {tier}: another key, signed by key holders {signed}",
        epoch=key.epoch,
        tier=key.tier,
        signed=key.signed,
    )


def holders_state(seen: "HoldersSeen") -> dict[str, Any]:
    """For the health file. ``state`` of each: answers, silent, refuses, wrong, misnumbered, or unasked; ``since_us``:
    since when it fails; ``answered_us``: when it last gave a right part; None: it does not, it never did."""
    named = {each.number: each for each in seen.named}
    return {
        "k": seen.k,
        "holders": [
            {
                "number": number,
                "state": _state(named.get(number), answered=number in seen.answered_us),
                "answered_us": seen.answered_us.get(number),
                "since_us": named[number].since_us if number in named else None,
                "why": named[number].why.spoken() if number in named else None,
            }
            for number in seen.numbers
        ],
        "rounds": [
            {
                "at_us": batch.at_us,
                "round_id": batch.round_id,
                "tier": batch.tier,
                "answered": list(batch.answered),
                "failed": list(batch.failed),
            }
            for batch in seen.rounds
        ],
    }


def _state(named: "Named | None", *, answered: bool) -> str:
    if named is None:
        return "answers" if answered else "unasked"
    if named.proven:
        return "misnumbered"
    return "wrong" if named.lied else "refuses" if named.refuses else "silent"


def _problem(named: "Named", *, goes_on: bool) -> Problem:
    """Of one of n key holders. ``goes_on``: the others carry on without it."""
    number, why, source = named.number, named.why, f"keyholder-{named.number}"
    if named.proven:
        text = Text(
            "key holder {number} of node.toml is holder {proven}: put keyholder_urls in the holders' order, and rename"
            " the folders keys-keyholder-N likewise",
            number=number,
            proven=named.proven,
        )
        return Problem(code="holder_number", source=source, text=text, act="operator")
    text = Text("key holder {number} does not answer ({why})", number=number, why=why)
    if named.refuses:
        text = Text("key holder {number} refuses this node ({why})", number=number, why=why)
    if named.lied:
        text = Text("key holder {number} gave a wrong answer ({why})", number=number, why=why)
    if goes_on:
        text = Text("{fails}; rounds go on, since enough others answer", fails=text)
    code = "holder_lied" if named.lied else "holder_refuses" if named.refuses else "holder_silent"
    return Problem(code=code, source=source, text=text, act="other-side")
