"""``python -m bavn.app.web.openapi sac|soc``: a console's OpenAPI document, from which the pages' types are made.

Needs no centre and no node: the document comes from the routes alone, none of which is asked.
"""

import json
import sys
from typing import Any, get_args

from bavn.app.web.console import Side
from bavn.app.web.sides import bare_app


def document(side: Side) -> dict[str, Any]:
    """The OpenAPI document (3.1) of one console."""
    return bare_app(side).openapi()


def main(words: list[str]) -> int:
    """0, or 2 for what is not understood."""
    sides = get_args(Side)
    if len(words) != 1 or words[0] not in sides:
        print(f"usage: python -m bavn.app.web.openapi {'|'.join(sides)}", file=sys.stderr)  # noqa: T201
        return 2
    json.dump(document(words[0]), sys.stdout, ensure_ascii=False, indent=1)  # type: ignore[arg-type]
    print()  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
