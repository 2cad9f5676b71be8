"""What every way to a SIEM is given and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class Message:
    """One event as it travels: what every receiver sorts by, and its form (an object, or a line of text)."""

    id: str
    at_us: int
    kind: str
    action: str
    severity: int
    content: dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Handed:
    """``refused``: the receiver says of these that it never takes them, and why. ``waits``: ids that it did not take
    this time. All others are with it."""

    refused: Mapping[str, str] = field(default_factory=dict)
    waits: frozenset[str] = frozenset()


class NotTaken(Exception):
    """None of it is surely with the receiver. Nobody must act yet, or the operator: ``text`` says what came back."""

    def __init__(self, text: Text, retry_after_s: int = 0) -> None:
        super().__init__(text.en)
        self.text, self.retry_after_s = text, retry_after_s


class TooMuch(NotTaken):
    """The receiver takes less at once."""


class Transport(Protocol):
    """``hand`` may be called again with the same messages: the receiver knows them by their ids."""

    @property
    def receiver(self) -> str:
        """Where it goes, as people read it: no secret in it."""
        ...

    def hand(self, messages: Sequence[Message]) -> Handed:
        """Raises NotTaken."""
        ...

    def close(self) -> None: ...
