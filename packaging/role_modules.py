"""Prints the files of what a role's processes and first commands load, one a line: these its package compiles.

Run by the package's own Python with the role (script/deb). A guard's are few; of the others all of Bavn, and of its
libraries what that and the names below load. The rest is compiled when somebody asks for it.
"""

import contextlib
import pkgutil
import sys
from importlib import import_module

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
NODE = ("duckdb", "pyarrow.parquet", "scapy.all", "sigma.backends.sqlite", "sqlalchemy.dialects.sqlite", "weasyprint")
CENTRE = ("matplotlib.figure", "matplotlib.backends.backend_svg", "numba", "psycopg", "sqlalchemy.dialects.postgresql")


def bavn() -> list[str]:
    """All of its modules, but those that are programs."""
    import bavn

    found = [module.name for module in pkgutil.walk_packages(bavn.__path__, "bavn.")]
    return [name for name in found if not name.endswith("__main__") and ".migrations" not in name]


if __name__ == "__main__":
    role = sys.argv[1]
    for name in GUARD:
        import_module(name)
    wanted = () if role == "guard" else (*NODE, *(CENTRE if role == "centre" else ()), *bavn())
    for name in wanted:
        with contextlib.suppress(ModuleNotFoundError):  # of a larger role
            import_module(name)
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    print("\n".join(sorted(file for file in files if "/site-packages/" in file and file.endswith(".py"))))
