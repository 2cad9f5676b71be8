"""Between a message and the values that the rooms behind the gates work on: what has the same name is the same thing.

A message is made from nothing: of what is handed in only the fields that the message declares are taken, each with its
own privacy class. Only what is named or spelled otherwise on the other side is written by hand. Refuses to leave out a
field or to guess one.
"""

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args

from bavn.wire.privacy import Message

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_NOWHERE: Final = object()


def fields_for(kind: type[Message], *values: object, **given: Any) -> dict[str, Any]:
    """The fields of a message of this kind: as given, else from the first value that has one of this name; of a text in
    two languages ``name_en`` and ``name_da``. Bytes are said in hex. LookupError for one that nothing says."""
    fields = dict(given)
    for name, (required, inner) in _parts(kind).items():
        if name in given:
            continue
        found = _value(name, values)
        if found is not _NOWHERE:
            fields[name] = _written(found, inner)
        elif required:
            raise LookupError(f"nothing says {kind.__name__}.{name}")
    return fields


def value_of[Value: DataclassInstance](kind: type[Value], message: Message, given: Mapping[str, Any]) -> Value:
    """The value that a message says: each field as given, else as the message has it."""
    names = {field.name for field in fields(kind)}
    said = {name: getattr(message, name) for name in type(message).model_fields if name in names}
    return kind(**said | {name: value for name, value in given.items() if name in names})


@cache
def _parts(kind: type[Message]) -> dict[str, tuple[bool, type[Message] | None]]:
    """Each field: whether it must be there, and the message that its items are."""
    parts = {}
    for name, field in kind.model_fields.items():
        items = [one for one in get_args(field.annotation) if isinstance(one, type) and issubclass(one, Message)]
        parts[name] = (field.is_required(), items[0] if items else None)
    return parts


def _value(name: str, values: tuple[object, ...]) -> Any:
    for value in values:
        if hasattr(value, name):
            return getattr(value, name)
        text, _, language = name.rpartition("_")
        if language in ("en", "da") and hasattr(value, text):
            return getattr(getattr(value, text), language)
    return _NOWHERE


def _written(value: Any, inner: type[Message] | None) -> Any:
    if inner is not None:
        return tuple(_item(one, inner) for one in value)
    if isinstance(value, tuple):
        return tuple(_written(one, None) for one in value)
    return value.hex() if isinstance(value, bytes) else value.value if isinstance(value, Enum) else value


def _item(value: Any, kind: type[Message]) -> Message:
    """A tuple stands for its fields in their order."""
    if isinstance(value, tuple):
        return kind(**{name: _written(one, None) for name, one in zip(kind.model_fields, value, strict=True)})
    return kind(**fields_for(kind, value))
