"""``python -m bavn.app.cli``: the same as the command ``bavn``."""

from bavn.app.cli.main import main

main()
