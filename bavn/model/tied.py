"""The command line of a program that gets a signal when the process that began it is gone, kill -9 included.

By PR_SET_PDEATHSIG, which asks for no right; not by setpriv: that calls capset as well, which the fence of a service
forbids. The kernel means the *thread* that began it: it must live as long as the program may. Refuses to start it.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Final

_TIED: Final = """\
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def tied(command: Sequence[str | os.PathLike[str]]) -> list[str]:
    """``command`` as a child of this process that ends (SIGTERM) with it: the same program under the same process id.
    FileNotFoundError for a program that is not there."""
    program, *words = [os.fspath(word) for word in command]
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(2, os.strerror(2), program)
    return [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), path, *words]
