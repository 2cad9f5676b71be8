"""`bavn node remind`: what is to be mailed to this actor's own people now, a try, and what was mailed.

Refuses to mail what is owed: the running node does.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.language import tell
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, show_table
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.config.load import NodeConfig
    from bavn.app.net.mailer import MailServer


def remind(
    config: Config = NODE_TOML,
    *,
    try_it: Annotated[bool, typer.Option("--try", help="Send each address of [remind] one mail that says so.")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="What was mailed to whom, and whom no mail reaches.")] = False,
    as_json: AsJson = False,
    language: Spoken = "en",
    limit: Annotated[int, typer.Option(help="With --sent: the latest so many.", min=1, max=1000)] = 50,
) -> None:
    """What is to be mailed to your people now, word for word. The node sends it while it runs, this at most a try."""
    from bavn.app.analyst.mail.book import mailed
    from bavn.app.analyst.mail.mailing import owing
    from bavn.app.analyst.mail.words import mail_of
    from bavn.app.process.real import SystemClock
    from bavn.model.failure import NoContainment

    if sent:
        _show_sent(config, limit, language, as_json=as_json)
        return
    given, server = _given(config)
    now_us = SystemClock().now_us()
    if try_it:
        _try(given, server, now_us)
        return
    with asks(config) as rows:
        for to in given.remind.mail_to:
            before = mailed(rows, to)
            for thing in owing(given, rows, now_us, NoContainment()):
                if thing.id not in before:
                    mail = mail_of(given, to, [thing], now_us)
                    print(f"{mail.to}\n{mail.subject}\n\n{mail.text}")


def _show_sent(config: Path, limit: int, language: Language, *, as_json: bool) -> None:
    from bavn.app.analyst.mail.book import sent, unreached

    with asks(config) as rows:
        mails, waits = sent(rows, limit), unreached(rows)
    if as_json:
        for mail in mails:
            shown = {"at": iso(mail.at_us), "to": mail.recipient, "things": mail.things, "subject": mail.subject}
            print(json.dumps(shown, ensure_ascii=False))
        for address in waits:
            shown = {"to": address.recipient, "since": iso(address.since_us), "why": address.reason}
            print(json.dumps(shown | {"tries": address.tries}, ensure_ascii=False))
        return
    table = [(iso(mail.at_us)[:16], mail.recipient, mail.subject) for mail in mails]
    show_table(("at", "to", "what"), table, language, nothing=Text("nothing was mailed yet"))
    for address in waits:
        line = Text(
            "No mail reaches {to} since {at}Z: {why}",
            to=address.recipient,
            at=iso(address.since_us)[:16],
            why=address.reason,
        )
        print(line.say(language))


def _given(config: Path) -> "tuple[NodeConfig, MailServer]":
    """Stop where ``[remind]`` names nobody."""
    from bavn.app.config.load import read_node
    from bavn.app.net.mail_server import server_of

    given = read_node(config)
    server = server_of(given.remind, given.base)
    if server is None:
        raise Stop(
            Exit.CONFIGURATION, Text("{config} [remind]: smtp_host and mail_to name nobody to mail", config=config)
        )
    return given, server


def _try(given: "NodeConfig", server: "MailServer", now_us: int) -> None:
    """Stop where one address was not reached; the others were tried all the same."""
    from bavn.app.analyst.mail.words import try_mail
    from bavn.app.net.mailer import NotSent, send

    failed = []
    for to in given.remind.mail_to:
        try:
            send(server, try_mail(given, to, now_us))
            tell(Text("{to}: the mail server has taken it", to=to))
        except NotSent as error:
            failed.append(f"{to}: {error}")
    if failed:
        raise Stop(Exit.UNREACHABLE, Text.plain("; ".join(failed)))
