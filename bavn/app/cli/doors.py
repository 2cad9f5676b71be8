"""The first page of `bavn --help`: three doors to begin by, what people meet daily, and where all the rest is listed.

What somebody meets once a year stands under `bavn more`.
"""

from typing import Any, Final

from bavn.app.cli.help import WHOLE, Command
from bavn.app.cli.language import language_here
from bavn.app.cli.later import said_in
from bavn.model.text import Text

DOORS: Final = {
    "guard": (
        Text(
            "For an organisation that watches nothing itself: a resolver of names and a list for the firewall, which"
            " block what the sector confirmed."
        ),
        "bavn node guard --help",
    ),
    "node": (
        Text(
            "For an organisation with logs or a mirror port: finds attacks in its own traffic, tells the sector what"
            " its policy lets out, and blocks what the sector confirmed."
        ),
        "bavn fit",
    ),
    "centre": (
        Text(
            "For the sector's own analysts: joins what the nodes report, and people decide here what the sector is"
            " warned of and blocks."
        ),
        "bavn centre init",
    ),
}
"""What each is for, and the first command to type."""
DAILY: Final = {
    "node today": "bavn.app.cli.node.suspicions:today",
    "node waiting": "bavn.app.cli.node.cases:node_waiting",
    "node health": "bavn.app.cli.node.health:health",
    "centre waiting": "bavn.app.cli.centre.waiting:centre_waiting",
    "centre leads": "bavn.app.cli.centre.leads:leads",
    "centre alarms": "bavn.app.cli.centre.alarms:alarms",
    "analyse": "bavn.app.cli.history.analyse:analyse",
    "exit-code": "bavn.app.cli.exit_codes:exit_code",
}
"""The words after `bavn`, and where the command is made."""
_REST: Final = {
    "node --help": Text("All commands of a node."),
    "centre --help": Text("All commands of the centre."),
    "more --help": Text("Every other command: trying it out, checking, key holders, what is met once a year."),
}
_BEGIN: Final = Text("Where to begin")
_EVERY_DAY: Final = Text("Every day")
_ALL_THE_REST: Final = Text("All the rest")
_DOOR: Final = Text("{purpose} First: {command}")


def front_page(formatter: Any) -> None:
    """Writes the three sections in the reader's language."""
    language = language_here()
    doors = [(name, _DOOR.filled(purpose=purpose, command=first)) for name, (purpose, first) in DOORS.items()]
    daily = [(words, Command(words, help=said_in(path)).get_short_help_str(WHOLE)) for words, path in DAILY.items()]
    for title, rows in (
        (_BEGIN, [(name, words.say(language)) for name, words in doors]),
        (_EVERY_DAY, daily),
        (_ALL_THE_REST, [(name, words.say(language)) for name, words in _REST.items()]),
    ):
        with formatter.section(title.say(language)):
            formatter.write_dl(rows)


class More(Command):
    """A command whose help lists every command beside it."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        ctx.find_root().command.format_every(ctx, formatter)
