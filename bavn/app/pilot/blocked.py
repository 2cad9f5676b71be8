"""What would have been blocked, at whom, and which own machines that would have hurt: gate 4's own dry run."""

from typing import Final

from bavn.app.pilot.facts import PilotFacts
from bavn.app.pilot.parts import NOTHING, Block, Part, Table, listed
from bavn.app.pilot.play import Decision
from bavn.model.text import Number, Text

HOSTS_MAX: Final = 5
ROWS_MAX: Final = 200
COLUMNS: Final = (
    Text("name or address"),
    Text("organisation"),
    Text("what its node did"),
    Text("own machines that use it"),
    Text("records a day"),
)
DID: Final = {
    ("block", "wanted"): Text("blocked"),
    ("watch", "wanted"): Text("only watched"),
    ("block", "lifted"): Text("blocked, and lifted again"),
    ("block", "waiting"): Text("not blocked: waits for a person"),
    ("watch", "waiting"): Text("not watched: waits for a person"),
}
REFUSED: Final = Text("not blocked: refused")


def blocked(facts: PilotFacts) -> Part:
    """A row for each decision of each node."""
    title = Text("What would have been blocked, and whom it would have hurt")
    decisions = sorted(facts.decisions, key=lambda decision: (str(decision.observable), decision.actor))
    if not decisions:
        return Part("blocked", title, (Text("Nothing was released, so nothing would have been blocked."),))
    blocks: list[Block] = [
        Text(
            "What came to a case was confirmed and released here by two played people, as a trial; in a sector two"
            " people look first. Each node then tried the block on its own last 30 days before it did anything."
        ),
        Table(
            Text("What each node did"),
            COLUMNS,
            tuple(_row(decision) for decision in decisions[:ROWS_MAX]),
            frozenset({4}),
        ),
    ]
    suspected = {
        (where.actor, observable)
        for lead in facts.leads
        for where in lead.alone
        for observable in lead.seen.view.lead.observables
    }
    hurt = [
        decision
        for decision in facts.blocks
        if decision.hosts and (decision.actor, decision.observable) not in suspected
    ]
    if hurt:
        blocks.append(
            Text.counted(
                "Look at this one first: a machine uses it at an organisation that did not suspect it.",
                "Look at these {count} first: machines use them at organisations that did not suspect them.",
                len(hurt),
            )
        )
        blocks += [
            Text.shaped(
                "{actor}: {what}: {hosts}", actor=decision.actor, what=str(decision.observable), hosts=_hosts(decision)
            )
            for decision in hurt
        ]
    elif facts.blocks:
        blocks.append(Text("No block would have met a machine at an organisation that did not itself suspect it."))
    return Part("blocked", title, tuple(blocks))


def _row(decision: Decision) -> tuple[Text, ...]:
    did = DID.get((decision.act, decision.standing), REFUSED)
    days = max(1, decision.found.days)
    return (
        Text.plain(str(decision.observable)),
        Text.plain(decision.actor),
        did if decision.why is None else Text.shaped("{did} ({why})", did=did, why=decision.why),
        _hosts(decision),
        Text.number(decision.found.hits / days, ",.1f", trimmed=True) if decision.found.hits else NOTHING,
    )


def _hosts(decision: Decision) -> Text:
    if not decision.hosts:
        return Text("none")
    used = [service.what for service in decision.services if service.known]
    shown = listed(list(decision.hosts), HOSTS_MAX)
    if not used:
        return Text.shaped("{n}: {shown}", n=Number(decision.found.hosts), shown=shown)
    return Text(
        "{n}: {shown}; known services: {used}", n=Number(decision.found.hosts), shown=shown, used=listed(used, 3)
    )
