"""`bavn centre rollout` whole: the roll-out itself, its files and the terms that members sign."""

from typing import Final

from bavn.app.cli.help import Commands
from bavn.app.cli.later import commands_in, later

COMMANDS: Final = commands_in(
    "bavn.app.cli.centre.rollout",
    {
        "rollout": ("show_", "add", "adopt", "plan", "wait", "move", "steps"),
        "files": ("export", "import_"),
        "terms": ("sign", "delete", "record", "verify"),
    },
)
GROUPS: Final = {"terms": "bavn.app.cli.centre.rollout.terms:terms"}
app = Commands(
    help="The roll-out: from candidate to operating, and out.",
    cls=later(COMMANDS, GROUPS),
)
