"""Who acts where nobody proved to be anybody: the machine's user. Apart from the proofs, which load cryptography."""

import os
import pwd
from collections.abc import Mapping
from typing import Final

from bavn.model.principal import Principal, local

TOKEN_FILE: Final = "BAVN_TOKEN_FILE"  # noqa: S105  the name of a variable
KEY_FILE: Final = "BAVN_KEY_FILE"
"""Variables that name a file with a proof; with neither, whoever runs the process acts."""


def here(environment: Mapping[str, str], note: str = "") -> Principal:
    """Whoever runs this process, as the operating system knows them."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    sudo = environment.get("SUDO_USER", "")[:64]
    how = f"{'local root' if uid == 0 else 'local operator'}, uid {uid}" + (f", by sudo of {sudo}" if sudo else "")
    return local(user, uid, how, note)
