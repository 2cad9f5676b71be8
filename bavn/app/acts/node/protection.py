"""What people here do about blocks: approve, lift, everything out of force.

An act is left for the running node; where it does not run, what lifts is done at once, and the rest waits until it is
started. Expect it to work with the centre gone.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from bavn.actor.protect import queries
from bavn.actor.protect.requests import WishAct, request
from bavn.actor.protect.state import State
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here
from bavn.app.node.book_queries import book_of
from bavn.app.node.by_hand import Replaced, centre_replaced, done_here, keys_accepted
from bavn.app.node.health.holders import changed_words
from bavn.model.intel.accidents import accident_of
from bavn.model.text import Text

DONE_HERE: Final = Text("Done: the node does not run, so its enforcers were told from here.")
Way = Literal["approve", "lift"]
LEFT: Final[Mapping[str, Text]] = {
    "approve": Text("an approval asked by {by} waits for the node"),
    "lift": Text("a lift asked by {by} waits for the node"),
}
"""What somebody left for the running node, of one indicator."""


@act(Right.SOC_PROTECT)
def act_on(here: Here, by: str, indicator_id: str, way: Way, *, read: bool = False) -> Text:
    """``approve`` puts in force what waits, was refused or was lifted; never what may never be blocked. ``lift``
    takes it out of force now; later versions of it wait for a person. ``read``: you read what a block of it would
    break, where that is known."""
    with here.book() as book:
        item = State(book).item(indicator_id)
        if item is None:
            raise no_indicator()
        left, asker = queries.left_on_items(book.rows).get(indicator_id, ("", ""))
    if left == way and (way == "approve" or here.runs()):
        return Text("{by} asked for it already. {when}", by=asker, when=here.when())
    accident = None if item.observable is None else accident_of(item.observable)
    if way == "approve" and accident is not None and not read:
        says = Text("Read what a block of it would break, and say that you did. {words}", words=accident.words)
        raise ActRefused(409, "not-read", says)
    return _at_once(here, by, way, indicator_id)


@act(Right.SOC_PROTECT)
def switch(here: Here, by: str, position: Literal["on", "off"]) -> Text:
    """``on`` takes everything out of force at this actor, over restarts; ``off`` puts it back."""
    with here.asks() as rows:
        on_already = position == "on" and queries.notes(rows, "kill_switch").get("kill_switch") == "on"
    done = _at_once(here, by, "kill" if position == "on" else "revive")
    return Text("The switch was on already. {done}", done=done) if on_already else done


@act(Right.SOC_PROTECT, only="command")
def replace_centre(here: Here, by: str, *, keep_blocks: bool) -> Replaced:
    """Start anew with a centre that was cleaned or replaced: forget every number it counted; lift what it blocked;
    open the gates that were shut for it; drop what it said that waits behind them.

    For the hour after somebody else held the centre's key. The node must be stopped. The ledger stays.
    """
    config = here.config()
    _stands_still(here)
    return centre_replaced(config, book_of(here.file), by, keep_blocks=keep_blocks)


@act(Right.SOC_PROTECT, only="command")
def accept_key(here: Here, by: str) -> Sequence[Text]:
    """Join by each key that was refused because it is not the one its day began with here; all ids of that day are
    asked for anew. Names who signed it. Ask the key holders first: a day's key has no reason to change unless they
    lost it and made it anew. The node must be stopped."""
    _stands_still(here)
    return [changed_words(key) for key in keys_accepted(book_of(here.file), by)]


def _stands_still(here: Here) -> None:
    if here.runs():
        raise ActRefused(409, "node-runs", Text("the node runs: stop it first, then start it again"), whole=False)


def offered(standing: str, left: str, *, runs: bool) -> list[Way]:
    """What may be done about an indicator as it stands for people. ``left``: what was left for the running node, which
    nobody asks for again; where the node does not run, a lift is done at once."""
    ways: list[Way] = []
    if standing != "wanted" and left != "approve":
        ways.append("approve")
    if standing in ("wanted", "waiting", "uncarried") and (left != "lift" or not runs):
        ways.append("lift")
    return ways


def no_indicator() -> ActRefused:
    """None of that id is remembered."""
    return ActRefused(404, "no-indicator", Text("No such indicator is remembered here."))


def _at_once(here: Here, by: str, way: WishAct, indicator_id: str = "") -> Text:
    """What becomes of it, for whoever acts."""
    if way in ("lift", "kill") and not here.runs():
        tell_here(here, by, "lift" if way == "lift" else "kill", indicator_id)
        return DONE_HERE
    with here.book() as book:
        request(book, way, indicator_id, by)
    return here.when()


def tell_here(here: Here, by: str, what: Literal["lift", "kill", "never"], indicator_id: str = "") -> None:
    """What lifts, done at once where the node does not run: its enforcers are told from here. Raises ActRefused."""
    refused, down = done_here(here.config(), book_of(here.file), what, indicator_id, by)
    if refused is not None:
        raise ActRefused(409, "not-in-force", Text("It is neither in force nor waiting."), aside=refused.reason)
    if down:
        names = ", ".join(name for name, _ in down)
        says = Text("Written down, but not in effect everywhere: {names}. Do it again, or start the node.", names=names)
        reasons = "; ".join(f"{name}: {reason}" for name, reason in down)
        raise ActRefused(503, "enforcer-down", says, "operator", aside=reasons)
