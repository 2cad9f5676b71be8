"""A sentence for people, in Danish and English, made where the fact is known. Refuses to be one-sided."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "da"]


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """One sentence in both languages; neither is empty."""

    en: str
    da: str

    def __post_init__(self) -> None:
        if not self.en or not self.da:
            raise ValueError("a Text needs both languages")

    def say(self, language: Language) -> str:
        return self.da if language == "da" else self.en
