"""The page of all messages, made from the messages themselves: each field with its privacy class, type and bound."""

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic.fields import FieldInfo

from bavn.wire.enrol import Certified, EnrolAsked, RenewAsked
from bavn.wire.messages import catalogue as messages
from bavn.wire.messages.canary import ChainLink
from bavn.wire.messages.log import DrawOpening, FixedRound, LogProof
from bavn.wire.privacy import Message

INSIDE: Final = (
    messages.CellTag,
    messages.Member,
    messages.AskedCell,
    messages.Reveal,
    messages.AskedObservable,
    messages.PartTask,
    messages.PartWords,
    messages.PartClock,
    ChainLink,
    LogProof,
    FixedRound,
    DrawOpening,
)
ENROLLING: Final = (EnrolAsked, RenewAsked, Certified)
SECTIONS: Final[Mapping[str, Sequence[type[Message]]]] = {
    "Up: node to centre": messages.UP,
    "Down: centre to node": messages.DOWN,
    "Inside other messages": INSIDE,
    "Enrolment": ENROLLING,
}
HEAD: Final = """# Every message, field by field

Classes, envelope and delivery: [messages.md](../messages.md). Made from the code by `script/docs`.
"""
_BOUNDS: Final = ("ge", "le", "lt", "min_length", "max_length", "pattern")


def message_page() -> str:
    """The whole page."""
    return HEAD + "".join(
        f"\n## {title}\n" + "".join(_message(kind) for kind in kinds) for title, kinds in SECTIONS.items()
    )


def _message(kind: type[Message]) -> str:
    rows = ""
    for name, privacy in kind.privacy().items():
        field = kind.model_fields[name]
        rows += f"| `{name}` | {privacy.value} | {bounds_text(field.annotation, field.metadata)} |\n"
    says = " ".join((kind.__doc__ or "").split())
    return f"\n#### {kind.__name__}\n\n{says}\n\n| field | class | type and bound |\n|---|---|---|\n{rows}"


def bounds_text(annotation: Any, metadata: Sequence[Any]) -> str:
    """Type and bound as the page shows them; empty if a bound is missing. Raises TypeError for ``gt``: write ``ge``, so
    that the page reads as a range."""
    if typing.get_origin(annotation) is typing.Annotated:
        base, *more = typing.get_args(annotation)
        inner = [part for mark in more for part in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        return bounds_text(base, [*metadata, *inner])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        (kind,) = [given for given in typing.get_args(annotation) if given is not type(None)]
        text = bounds_text(kind, metadata)
        return text and f"{text}, or null"
    if any(getattr(mark, "gt", None) is not None for mark in metadata):
        raise TypeError("write ge, so that the page reads as a range")
    bounds = {
        name: getattr(mark, name) for mark in metadata for name in _BOUNDS if getattr(mark, name, None) is not None
    }
    if typing.get_origin(annotation) is tuple:
        text = bounds_text(typing.get_args(annotation)[0], [])
        return f"list of at most {bounds['max_length']:,}: {text}" if text and "max_length" in bounds else ""
    if annotation is int:
        high = bounds["lt"] - 1 if "lt" in bounds else bounds.get("le")
        return f"integer {bounds['ge']:,} to {high:,}" if "ge" in bounds and high is not None else ""
    if annotation is bool:
        return "true or false"
    if annotation is bytes:
        return f"bytes beside the body, {bounds['min_length']} to {bounds['max_length']:,}"
    if annotation is str:
        return _of_text(bounds)
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


def _of_text(bounds: Mapping[str, Any]) -> str:
    if "max_length" in bounds:
        return f"text of {bounds.get('min_length', 0)} to {bounds['max_length']:,} characters"
    return f"text `{bounds['pattern']}`".replace("|", "\\|") if "pattern" in bounds else ""
