"""What a reader asks next: whose it is, on how many machines it is at each actor, which rule struck.

Says where the centre does not know. Refuses to guess, and to ask anybody.
"""

from typing import Final

from bavn.centre.correlate.review import phrases
from bavn.centre.correlate.review.against import listed_where
from bavn.centre.correlate.review.facts import LeadFacts
from bavn.model.text import Text

RULES: Final = "signature"
"""The detector whose reports rest on a rule of the sensor."""
MACHINES: Final = (Text.plain("1"), Text("2 to 3"), Text("4 to 10"), Text("more than 10"))
"""What a report's bucket of machines means."""


def known(facts: LeadFacts) -> tuple[Text, ...]:
    """A sentence for each question."""
    return (_whose(facts), _machines(facts), *_struck(facts))


def _whose(facts: LeadFacts) -> Text:
    what, where = phrases.element(facts.observable), listed_where(facts)
    if where is not None:
        return Text("Whose it is: {what} is {where}; its owner is not known here.", what=what, where=where)
    return Text(
        "Whose it is: not known here; {what} is on no list that the centre has, and no register of owners is asked.",
        what=what,
    )


def _machines(facts: LeadFacts) -> Text:
    buckets: dict[str, int] = {}
    for sign in facts.best.signs:
        buckets[sign.actor] = max(buckets.get(sign.actor, 0), sign.hosts_bucket)
    actors = sorted(buckets)
    each = [
        Text.shaped("{actor} {machines}", actor=actor, machines=MACHINES[buckets[actor]])
        for actor in actors[: phrases.NAMED_MAX]
    ]
    named, more = Text.joined(", ", each), len(actors) - len(each)
    if more > 0:
        named = Text("{named} and {more} more", named=named, more=more)
    return Text("Machines at each: {named}.", named=named)


def _struck(facts: LeadFacts) -> list[Text]:
    by_rule = {sign.actor for sign in facts.best.signs if sign.detector == RULES}
    others = {sign.actor: sign.detector for sign in facts.best.signs if sign.detector != RULES}
    sentences = []
    if by_rule:
        sentences.append(
            Text(
                "Which rule struck at {names}: not known here, since a report does not name it; ask there.",
                names=phrases.names(by_rule),
            )
        )
    if others:
        sentences.append(
            Text(
                "No rule of a sensor struck at {names}: the node's own detectors found it ({detectors}).",
                names=phrases.names(others),
                detectors=", ".join(sorted(set(others.values()))),
            )
        )
    return sentences
