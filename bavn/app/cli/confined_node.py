"""An operator's node as a process: shut in first, then run. The operator starts it by its name (supervise.py)."""

import sys

from bavn.app.cli.language import language_here
from bavn.app.operator.capabilities import CapabilitiesStay
from bavn.app.operator.confined import prepare
from bavn.app.operator.landlock import FenceFailed
from bavn.app.process.exits import Exit
from bavn.model.text import Text


def main() -> None:
    """Never returns."""
    try:
        prepare(sys.argv[1])
    except (FenceFailed, CapabilitiesStay) as error:
        why = Text("the node is not started unfenced: {error}", error=Text.of_error(error))
        print(f"bavn: {why.say(language_here())}", file=sys.stderr)
        sys.exit(Exit.MISSING)
    from bavn.app.cli.main import main as run  # nothing of the node is read before the fence stands

    sys.argv = ["bavn", "node", "run", "--config", "node.toml"]
    run()


if __name__ == "__main__":
    main()
