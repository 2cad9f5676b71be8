"""A node that is enrolled at a key holder of which nothing runs: it starts, and its rounds wait."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from bavn.app.config.load import KEYHOLDER_KEYS
from bavn.app.process.real import SystemClock, SystemDice
from bavn.centre.members.authority import Authority
from bavn.model.sector.member import member_peer
from bavn.wire.enrol import Certified, NodeKeys
from bavn.wire.safe import Safe

NOBODY = 'keyholder_urls = ["https://127.0.0.1:1"]\n'
"""The line of ``[node]`` beside :func:`known_to_a_key_holder`."""


def enrolled(folder: Path, actor: str, since_us: int) -> None:
    """As somebody whom an authority of this test has let in."""
    dice, safe = SystemDice(), Safe(folder)
    authority, keys = Authority.make("test", since_us, dice), NodeKeys.make(actor, dice)
    certificate = authority.certify(member_peer(actor), keys.tls.public_key(), since_us, dice)
    pem = certificate.public_bytes(Encoding.PEM).decode()
    safe.keep_keys(keys)
    own = keys.message.public_key().public_bytes_raw().hex()
    safe.keep_certificate(Certified(certificate=pem, centre_key=own, x=1), authority.pem)


def known_to_a_key_holder(data: Path, actor: str) -> None:
    """``data``: the node's own folder."""
    enrolled(data / f"{KEYHOLDER_KEYS}-1", actor, SystemClock().now_us())
