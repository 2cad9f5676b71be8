"""Every byte that would have left, by class and kind, from the nodes' own ledgers; each word that names anything."""

from typing import Final

from bavn.app.pilot.facts import LeftKind, PilotFacts
from bavn.app.pilot.parts import Block, Part, Table, listed
from bavn.app.policy.left import LEARNED
from bavn.model.text import Text

NAMED_MAX: Final = 40
KINDS: Final = (Text("class"), Text("kind of message"), Text("messages"), Text("bytes"), Text("what was learned of it"))
ACTORS: Final = (Text("organisation"), Text("messages"), Text("bytes"), Text("everything that was named"))
SILENT: Final = Text("It said nothing of any organisation.")


def left(facts: PilotFacts) -> Part:
    """By kind over all, then by organisation with the words themselves."""
    kinds = facts.left_kinds()
    title = Text("Every byte that would have left")
    if not kinds:
        return Part("left", title, (Text("Nothing was played, and nothing would have left."),))
    blocks: list[Block] = [
        Text(
            "A node writes a line in its ledger for everything that it lets out, and lets out nothing else. These are"
            " all lines of all nodes here. In this pilot all of it stayed on this machine."
        ),
        Table(Text("By kind"), KINDS, tuple(map(_kind, kinds)), frozenset({2, 3})),
        Table(
            Text("By organisation"),
            ACTORS,
            tuple(_actor(facts, actor.name) for actor in facts.actors),
            frozenset({1, 2}),
        ),
        Text(
            "Parts of rounds have the same size whether anything is suspected or not. In a running sector there is a"
            " round for strong suspicions every five minutes and one for weak ones every hour; here there was one of"
            " each, with smaller sets, after each moment at which somebody was told something."
        ),
    ]
    if facts.sector is not None and not facts.sector.chains:
        blocks.append(Text("A ledger's chain does not hold: do not believe this part, and report it."))
    return Part("left", title, tuple(blocks))


def _kind(kind: LeftKind) -> tuple[Text, ...]:
    return (
        Text.plain(kind.privacy.value),
        Text.plain(kind.kind),
        Text.number(kind.count),
        Text.number(kind.bytes),
        LEARNED.get(kind.privacy, SILENT),
    )


def _actor(facts: PilotFacts, name: str) -> tuple[Text, ...]:
    count, size = facts.left_bytes(name)
    named = [word for group in facts.left(name).classes for word in group.named]
    return (Text.plain(name), Text.number(count), Text.number(size), listed(list(dict.fromkeys(named)), NAMED_MAX))
