"""Prints the files of what a role's processes and first commands load, one a line: these its package compiles.

Run by the package's own Python with the role (script/deb). A guard's are few; of the others all of Bavn, and of its
libraries what that and the names below load. The rest is compiled when somebody asks for it.

It ends with an error where a module of Bavn, and so any command, wants what the package left out of a library: only the
libraries of a larger role may be missing.
"""

import pkgutil
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

GUARD = (
    "bavn.app.cli.main",
    "bavn.app.cli.node.main",
    "bavn.app.cli.node.health",
    "bavn.app.cli.node.protection",
    "bavn.app.cli.node.run",
    "bavn.app.cli.node.way_in",
    "bavn.app.node.list_service",
    "bavn.app.node.service",
    "bavn.app.siem.build",
    "bavn.wire.links.enrolment",
    "rich.table",
    "uvicorn",
)
NODE = ("aiooui", "duckdb", "pyarrow.parquet", "sigma.backends.sqlite", "sqlalchemy.dialects.sqlite", "weasyprint")
CENTRE = ("matplotlib.figure", "matplotlib.backends.backend_agg", "numba", "psycopg", "sqlalchemy.dialects.postgresql")

LARGEST = "centre"
BESIDE = ("bavn_lab",)
"""No package has the lab."""


def bavn() -> list[str]:
    """All of its modules, but those that are programs."""
    import bavn

    found = [module.name for module in pkgutil.walk_packages(bavn.__path__, "bavn.")]
    return [name for name in found if not name.endswith("__main__") and ".migrations" not in name]


def load(names: Iterable[str], role: str) -> None:
    """Imports them all. Raises what an import raises, but for a library of a larger role."""
    for name in names:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            if not of_a_larger(role, error.name or ""):
                raise


def of_a_larger(role: str, module: str) -> bool:
    """Whether nothing of the library is here, and so a larger role brings it. Where some of it is, the package left
    something out; the largest may lack nothing but the lab and an extra."""
    library = module.partition(".")[0]
    return library in BESIDE or (role != LARGEST and find_spec(library) is None)


def main(role: str) -> None:
    """Prints them; then, of a guard too, all of Bavn is loaded."""
    load(GUARD, role)
    if role != "guard":
        load((*NODE, *(CENTRE if role == "centre" else ()), *bavn()), role)
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    print("\n".join(sorted(file for file in files if "/site-packages/" in file and file.endswith(".py"))))
    load(bavn(), role)


if __name__ == "__main__":
    main(sys.argv[1])
