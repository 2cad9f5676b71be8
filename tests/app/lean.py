"""A process in which the libraries of some roles are not installed: nothing of them can be imported or found."""

import sys

from bavn.app.fit.roles import MODULES

HOOK = """
import sys
LEFT_OUT = frozenset({left_out!r})
class NotInstalled:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, NotInstalled)
"""


def without(*roles: str) -> str:
    """Code that begins such a process. All of it is installed here."""
    left_out = sorted(module for role in roles for module in MODULES[role])
    return HOOK.format(left_out=left_out)


def command(code: str, *roles: str) -> list[str]:
    """A Python that runs this without these roles."""
    return [sys.executable, "-c", without(*roles) + code]
