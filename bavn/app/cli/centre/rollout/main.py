"""`bavn centre rollout` whole: the list, and the terms that members sign."""

from typing import Final

from bavn.app.cli.help import Commands
from bavn.app.cli.later import commands_in, later

COMMANDS: Final = commands_in(
    "bavn.app.cli.centre.rollout",
    {
        "rollout": ("show_", "set_"),
        "terms": ("terms", "sign", "delete", "record", "verify"),
    },
)
app = Commands(
    help="The roll-out: how far each actor has come, the terms it signed, and its way out.",
    cls=later(COMMANDS),
)
