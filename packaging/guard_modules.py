"""Prints the files of what a guard's process and its first commands load, one a line: these the package compiles.

Run by the package's own Python (script/deb).
"""

import sys
from importlib import import_module

LOADS = (
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

if __name__ == "__main__":
    for name in LOADS:
        import_module(name)
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    print("\n".join(sorted(file for file in files if "/site-packages/" in file and file.endswith(".py"))))
