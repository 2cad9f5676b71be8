"""The privacy class stands on the field. A message with a field that has none does not build (DESIGN.md)."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Privacy(StrEnum):
    """Classes of DESIGN.md, What may leave an actor; C is what the centre says to actors."""

    S0 = "S0"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"
    S5 = "S5"
    C = "C"


class ClassMissing(TypeError):
    """A message field carries no privacy class, or more than one. The author of the message must act."""


class Message(BaseModel):
    """Base of all that travels: strict, frozen, nothing extra, each field with exactly one privacy class."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in cls.model_fields.items():
            classes = [mark for mark in field.metadata if isinstance(mark, Privacy)]
            if len(classes) != 1:
                raise ClassMissing(
                    f"{cls.__name__}.{name} carries {len(classes)} privacy classes; it needs exactly one"
                )

    @classmethod
    def privacy(cls) -> dict[str, Privacy]:
        """Field name -> class, in the order of the fields."""
        return {
            name: next(mark for mark in field.metadata if isinstance(mark, Privacy))
            for name, field in cls.model_fields.items()
        }
