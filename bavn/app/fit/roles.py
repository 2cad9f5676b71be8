"""What is installed: each role brings the libraries of the one before it, and a command says which role it lacks.

Refuses to know what a role does with them: pyproject.toml has each role's list, and tests/app/test_lean.py holds that
this one is the same.
"""

from importlib.util import find_spec
from typing import Final

from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Text

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "node": (
        *("aiooui", "authlib", "cyclonedx", "duckdb", "jinja2", "joserfc", "numpy", "packageurl"),
        *("packaging", "pyarrow", "rbcl", "sigma", "sqlalchemy", "weasyprint", "webauthn", "yaml"),
    ),
    "centre": ("alembic", "matplotlib", "numba", "psycopg", "pymisp"),
}
"""What is imported from the distributions that a role adds; a guard has none of either."""
OF_GROUP: Final = {"centre": "centre", "keyholder": "centre"}
"""The role of every command of a group: what it lacks of a node's libraries its own role brings, too."""
LACKS: Final = Text(
    "what this needs is not installed here ({module}): apt-get install bavn-{role}, or pip install 'bavn[{role}]'"
)


def needs(role: str) -> None:
    """Raises Stop where a library of this role is not installed."""
    for module in MODULES[role]:
        if not _is_there(module):
            raise lacks(role, module)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def lacking(error: ModuleNotFoundError, group: str) -> Stop | None:
    """What to install for an import that failed in a command of this group; None where no role brings it."""
    module = (error.name or "").partition(".")[0]
    role = next((role for role, brings in MODULES.items() if module in brings), None)
    return None if role is None else lacks(OF_GROUP.get(group, role), module)


def lacks(role: str, module: str) -> Stop:
    """Says so."""
    return Stop(Exit.MISSING, LACKS.filled(role=role, module=module))
