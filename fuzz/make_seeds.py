"""`python -m fuzz.make_seeds`: writes fuzz/seeds/messages, one honest body (and attachment) for each kind of message that
has none yet, drawn from the bounds that stand on its fields."""

import types
import typing
import warnings
from typing import Any

import annotated_types
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from bavn.wire.codec import DOWN_KINDS, UP_KINDS, encode
from bavn.wire.keyholder import KEYHOLDER_KINDS
from bavn.wire.privacy import Message
from fuzz.seed import HERE

KINDS = UP_KINDS | DOWN_KINDS | KEYHOLDER_KINDS


def _bounds(metadata: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for mark in metadata:
        for name in ("ge", "le", "lt", "min_length", "max_length", "pattern"):
            if getattr(mark, name, None) is not None:
                found[name] = getattr(mark, name)
        if isinstance(mark, annotated_types.Gt):
            found["ge"] = mark.gt + 1  # type: ignore[operator]
    return found


def _of(annotation: Any, metadata: Any) -> Any:
    if typing.get_origin(annotation) is typing.Annotated:
        base, *more = typing.get_args(annotation)
        return _of(
            base,
            [
                *metadata,
                *(part for mark in more for part in (mark.metadata if isinstance(mark, FieldInfo) else [mark])),
            ],
        )
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return st.one_of([_of(kind, metadata) for kind in typing.get_args(annotation) if kind is not type(None)])
    if typing.get_origin(annotation) is typing.Literal:
        return st.sampled_from(typing.get_args(annotation))
    bounds = _bounds(metadata)
    if typing.get_origin(annotation) is tuple:
        least = bounds.get("min_length", 0)
        return st.lists(_of(typing.get_args(annotation)[0], []), min_size=max(1, least), max_size=least + 2).map(tuple)
    if isinstance(annotation, type) and issubclass(annotation, Message):
        return _any(annotation)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(bounds.get("ge", 0), bounds["lt"] - 1 if "lt" in bounds else bounds.get("le", 2**40))
    if annotation is bytes:
        return st.binary(min_size=max(1, bounds.get("min_length", 0)), max_size=64)
    if "pattern" in bounds:
        return st.from_regex(
            bounds["pattern"].removesuffix("$") + r"\Z", alphabet=st.characters(max_codepoint=126, min_codepoint=32)
        )
    least = bounds.get("min_length", 1)
    return st.text(
        st.sampled_from("abcæ 1."), min_size=least, max_size=max(least, min(40, bounds.get("max_length", 40)))
    )


def _any(kind: type[Message]) -> Any:
    return st.builds(kind, **{name: _of(field.annotation, field.metadata) for name, field in kind.model_fields.items()})


def missing() -> list[str]:
    return [kind for kind in KINDS if not (HERE / "messages" / f"{kind}.json").exists()]


def main() -> None:
    """Writes what is missing."""
    warnings.simplefilter("ignore")
    (HERE / "messages").mkdir(parents=True, exist_ok=True)
    quick = settings(
        max_examples=50, phases=(Phase.generate,), database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    for kind in missing():
        encoded = encode(find(_any(KINDS[kind]), lambda _: True, settings=quick))
        (HERE / "messages" / f"{kind}.json").write_bytes(encoded.body)
        if encoded.attachment:
            (HERE / "messages" / f"{kind}.attachment").write_bytes(encoded.attachment)
        print(kind, len(encoded.body))


if __name__ == "__main__":
    main()
