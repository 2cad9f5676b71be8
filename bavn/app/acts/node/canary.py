"""A canary of a node's own, asked for by a person. Expect the running node to send it; one waits at most."""

from bavn.actor.door.conversations.canary_book import CanaryBook
from bavn.app.access.rights import Right
from bavn.app.acts.act import act
from bavn.app.acts.node.here import Here
from bavn.model.text import Text


@act(Right.SOC_TRIAGE, only="command")
def send(here: Here, by: str) -> Text:
    """Sends one now: the running node does it within seconds."""
    with here.book() as book:
        CanaryBook(book).wish(by or "operator", here.clock.now_us())
    return Text("A canary is to be sent. {when} `bavn node canary` shows how far it came.", when=here.when())
