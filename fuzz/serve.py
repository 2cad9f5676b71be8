"""`python -m fuzz.serve WORDS`: the command `bavn WORDS` as it is, but for the limits of rate: a fuzzer comes more often
than anybody may, and what lies behind the limits is what is looked at."""

import sys
from typing import Any


def _never(*_: Any, **__: Any) -> bool:
    return False


def main() -> None:
    """Runs the command."""
    from bavn.app.net.throttle import Throttle

    Throttle.too_much = _never  # type: ignore[method-assign]
    from bavn.app.cli.main import main as bavn

    sys.argv = ["bavn", *sys.argv[1:]]
    bavn()


if __name__ == "__main__":
    main()
