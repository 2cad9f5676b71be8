"""What tells one policy from another by what it says, so that a running node can be asked which one it began with.

Expect a comment, or the order of lines, to make no difference; the file that ``never_block_file`` names is not read.
"""

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bavn.app.config.load import NodeConfig


def mark_of_policy(config: "NodeConfig") -> str:
    """The SHA-256 of every field of the policy that was read with ``config``."""
    digest = hashlib.sha256()
    for table in (config.door, config.protect):
        for field in fields(table):
            value = getattr(table, field.name)
            plain = sorted(map(str, value)) if isinstance(value, set | frozenset) else value
            digest.update(f"{type(table).__name__}.{field.name}={plain!r}\n".encode())
    return digest.hexdigest()
