"""A link that calls the centre directly. The simulator puts its faults around it; refuses to lose anything itself."""

from collections.abc import Sequence
from typing import Protocol


class Receiver(Protocol):
    """What a centre answers to one actor whose name was proved."""

    def receive(self, actor: str, envelopes: Sequence[bytes]) -> Sequence[int]: ...

    def pull(self, actor: str, after: int) -> Sequence[bytes]: ...


class MemoryLink:
    """Implements Link for one actor. ``wait_s`` is not waited: in a simulation time belongs to the clock."""

    def __init__(self, actor: str, receiver: Receiver) -> None:
        self._actor = actor
        self._receiver = receiver

    def post(self, envelopes: Sequence[bytes]) -> Sequence[int]:
        return list(self._receiver.receive(self._actor, list(envelopes)))

    def pull(self, after: int, wait_s: float) -> Sequence[bytes]:  # noqa: ARG002  the port's signature
        return list(self._receiver.pull(self._actor, after))
