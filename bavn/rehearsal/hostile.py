"""An actor that lies on the wire: its node is honest, and what it says is changed before it leaves.

The lies are signed with the actor's own key, so that they pass for its word. Refuses to know what a lie is for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bavn.model.outcome import Refused
from bavn.model.ports import Link
from bavn.model.sector.member import CENTRE_NAME
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS, UP_KINDS
from bavn.wire.messages.catalogue import RevealAsked
from bavn.wire.privacy import Message

WORDS_MAX: Final = 64
"""A message becomes at most so many."""


@dataclass(slots=True)
class LiarMemory:
    """What a liar has to lie with: ``said`` all that it ever sent, ``tags`` receipts of others that it was shown."""

    said: list[Message] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


Lie = Callable[[Message, LiarMemory], Sequence[Message]]
"""What is sent in place of a message: nothing, the message, others."""


@dataclass(slots=True)
class LyingLink:
    """Implements Link around ``inner``. Numbers are spread out, so that a message may become several."""

    name: str
    key: Ed25519PrivateKey
    centre: Ed25519PublicKey
    inner: Link
    lie: Lie
    heard: LiarMemory = field(default_factory=LiarMemory)
    _made: dict[int, list[bytes]] = field(default_factory=dict)

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        """See the port. A message counts as taken when all that it became was."""
        taken = []
        for raw in envelopes:
            seq, changed = self._changed(raw)
            numbers = {seq * WORDS_MAX + n for n in range(len(changed))}
            if numbers <= set(self.inner.post(changed) if changed else ()):
                taken.append(seq)
        return taken

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:
        """See the port."""
        raws = self.inner.pull(after, wait_s)
        for raw in raws:
            opened = seal.open({CENTRE_NAME: self.centre}, self.name, raw, DOWN_KINDS)
            if not isinstance(opened, Refused) and isinstance(opened.message, RevealAsked):
                self.heard.tags += [tag for item in opened.message.items for tag in item.others]
        return raws

    def _changed(self, raw: bytes) -> tuple[int, list[bytes]]:
        """Decided once for each message: said again, it is the same lie."""
        opened = seal.open({self.name: self.key.public_key()}, CENTRE_NAME, raw, UP_KINDS)
        if isinstance(opened, Refused):
            raise TypeError(f"{self.name} cannot read its own words: {opened.reason}")
        if opened.seq not in self._made:
            words = list(self.lie(opened.message, self.heard))[:WORDS_MAX]
            self._made[opened.seq] = [
                seal.seal(self.key, self.name, CENTRE_NAME, opened.seq * WORDS_MAX + n, word)
                for n, word in enumerate(words)
            ]
            self.heard.said += words
        return opened.seq, self._made[opened.seq]
