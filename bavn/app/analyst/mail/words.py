"""The words of a mail to an actor's own people: subject and text of one thing, of many at once, and of a try."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import quote

from bavn.app.analyst.mail.owed import Thing
from bavn.app.config.load import NodeConfig
from bavn.app.net.mailer import Mail
from bavn.model.text import Text

_AT_ADDRESS: Final = Text("Read more at {address} or by `{command}`.")
_IN_CONSOLE: Final = Text("Read more in your console or by `{command}`.")
_ALL_AT_ADDRESS: Final = Text("Read more at {address} or by `bavn node today`.")
_ALL_IN_CONSOLE: Final = Text("Read more on Today in your console or by `bavn node today`.")
_WHY_SO_LITTLE: Final = Text(
    "Bavn at {actor} wrote this. It names no machine and nothing that was met, since others may read a mail before you"
    " do."
)
_MANY: Final = Text("{count} things at once")
_TOO_MANY: Final = Text("So much came within an hour that this one mail tells of the rest:")
_TRY: Final = Text("a try")
_TRY_LINE: Final = Text("This is a try, and nothing has happened. Mail from Bavn at {actor} reaches you.")


def mail_of(config: NodeConfig, to: str, things: Sequence[Thing], now_us: int) -> Mail:
    """One mail that tells of all these: of one thing by itself, of more by their kinds alone."""
    first, ids = things[0], [thing.id for thing in things]
    address = _address(config)
    if len(things) == 1:
        page = "/".join((address, *map(_quoted, first.page)))
        read = (_AT_ADDRESS if address else _IN_CONSOLE).filled(address=page, command=first.command)
        return _mail(config, to, first.subject, [*first.lines(), read], ids, now_us)
    subject = _MANY.filled(count=len(things))
    if first.urgent:
        subject = Text.shaped("{first}: {subject}", first=first.subject, subject=subject)
    counts = Counter(thing.subject for thing in things)
    listed = [Text.shaped("{count} x {subject}", count=count, subject=kind) for kind, count in counts.items()]
    read = _ALL_AT_ADDRESS.filled(address=f"{address}/today") if address else _ALL_IN_CONSOLE
    return _mail(config, to, subject, [_TOO_MANY, *listed, read], ids, now_us)


def try_mail(config: NodeConfig, to: str, now_us: int) -> Mail:
    """Says that it is a try."""
    return _mail(config, to, _TRY, [_TRY_LINE.filled(actor=config.node.actor)], [f"try {now_us}"], now_us)


def _mail(config: NodeConfig, to: str, subject: Text, lines: Sequence[Text], ids: Collection[str], now_us: int) -> Mail:
    """The Message-ID is the same for the same news to the same address: a mail that a kill sent twice has one."""
    language = config.remind.language
    text = [*lines, _WHY_SO_LITTLE.filled(actor=config.node.actor)]
    return Mail(
        to=to,
        subject=f"Bavn ({config.node.actor}): {subject.say(language)}",
        text="\n\n".join(line.say(language) for line in text) + "\n",
        key=hashlib.sha256("\0".join((to, *sorted(ids))).encode()).hexdigest()[:40],
        at_us=now_us,
    )


def _address(config: NodeConfig) -> str:
    """Where people find this node's pages; empty where node.toml does not say."""
    given = config.console.address.rstrip("/")
    return f"{given}/nodes/{_quoted(config.node.actor)}" if given else ""


def _quoted(part: str) -> str:
    return quote(part, safe="")
