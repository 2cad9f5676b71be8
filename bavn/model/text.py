"""A sentence for people: a message in English and its facts, said in the reader's language.

The message stands in the code in English; every other language is a catalogue of gettext (``bavn/locale``), looked up
when the sentence is said and not before: the same value is sent, kept and compared in no language at all. What people
wrote themselves, in as many languages as they chose, is ``Text.written``, and is never looked up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, Final, NoReturn, Self

from bavn.model.catalogue import ENGLISH, languages, marks, translated, translated_count

_ROW: Final = '{"en": '
"""How a row begins that is more than a sentence."""
Language = str
"""``en``, or the name of a catalogue: see ``languages()``."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is written as the reader's language writes it: ``1,234.5`` and ``1.234,5``."""

    value: float
    form: str = ","
    """As English writes it, in the words of ``format``."""
    trimmed: bool = False
    """Whether zeros at the end, after the point, are left out."""

    def say(self, language: Language) -> str:
        digits = format(self.value, self.form)
        if self.trimmed and "." in digits:
            digits = digits.rstrip("0").rstrip(".")
        return digits if language == ENGLISH else digits.translate(marks(language))


@dataclass(frozen=True, slots=True)
class Capital:
    """A sentence that begins with a capital letter, unless its first word is a name or an address: one with a dot or
    colon inside, or a digit."""

    text: "Text"

    def say(self, language: Language) -> str:
        sentence = self.text.say(language)
        word = sentence.partition(" ")[0].rstrip(".,:;")
        named = any(char in ".:" or char.isdigit() for char in word)
        return sentence if named else sentence[:1].upper() + sentence[1:]


class Text:
    """``Text("{who} refuses this node: {why}", who=who, why=why)``. A fact may be a Text or a Number: it is said in the
    reader's language too. The message is one string in the code, so that gettext's tools find it; where the same
    English means two things, ``Text.in_context`` says which; where a number decides on the words, ``Text.counted``.
    Two are equal where message, context and facts are."""

    __slots__ = ("context", "facts", "given", "many", "message")
    message: str
    many: str
    """The message where the fact ``count`` is not one; empty where nothing is counted."""
    context: str
    facts: tuple[tuple[str, Any], ...]
    given: tuple[tuple[str, str], ...] | None
    """What people wrote in other languages; None where the catalogues have it."""

    def __init__(self, message: str, /, **facts: object) -> None:
        self._set(message, "", facts, None)

    @classmethod
    def counted(cls, one: str, many: str, count: int, /, **facts: object) -> Self:
        """``Text.counted("{count:,} host", "{count:,} hosts", hosts)``: in each language the form for so many."""
        return cls._made(one, "", {"count": count, **facts}, None, many)

    @classmethod
    def in_context(cls, context: str, message: str, /, **facts: object) -> Self:
        """Where the same English needs different words in another language: ``context`` says which is meant."""
        return cls._made(message, context, facts, None)

    @classmethod
    def documented(cls, said: str, context: str = "") -> Self:
        """What documents the code, as a setting's sentence does: `documented` of build_words.py gives it to gettext."""
        return cls._made(said, context, {}, None)

    @classmethod
    def plain(cls, said: str) -> Self:
        """The same in every language: a name, an id, an address."""
        return cls._made(said, "", {}, ())

    @classmethod
    def shaped(cls, shape: str, /, **facts: object) -> Self:
        """Facts set side by side in a shape that holds no word of any language."""
        return cls._made(shape, "", facts, ())

    @classmethod
    def joined(cls, between: str, texts: Sequence["Text"]) -> Self:
        """One after another with ``between`` between them. ValueError for none."""
        facts = {f"t{at:03}": text for at, text in enumerate(texts)}
        return cls._made(
            between.replace("{", "{{").replace("}", "}}").join(f"{{{name}}}" for name in facts), "", facts, ()
        )

    @classmethod
    def number(cls, value: float, form: str = ",", *, trimmed: bool = False) -> Self:
        """A number alone."""
        return cls.shaped("{number}", number=Number(value, form, trimmed))

    @classmethod
    def written(cls, en: str, **others: str) -> Self:
        """What people wrote, in as many languages as they chose."""
        return cls._made(en, "", {}, tuple(sorted(others.items())))

    @classmethod
    def of_error(cls, error: BaseException) -> "Text":
        """What an error says: the Text that it was raised with, or else its words as they are."""
        text = next((one for one in error.args if isinstance(one, Text)), None)
        return text or (cls.plain(str(error)) if str(error) else Text("this cannot be done"))

    @classmethod
    def of(cls, kept: "dict[str, Any]") -> Self:
        """From what ``kept`` gave."""
        if "message" not in kept:
            return cls.written(**kept)
        given = kept.get("given")
        facts = {name: _read(fact) for name, fact in kept.get("facts", {}).items()}
        given = None if given is None else tuple(sorted(given.items()))
        return cls._made(kept["message"], kept.get("context", ""), facts, given, kept.get("many", ""))

    @classmethod
    def of_row(cls, text: str) -> Self:
        """From what ``row`` gave. ValueError for an empty one."""
        import json

        return cls.of(json.loads(text)) if text.startswith(_ROW) else cls.documented(text)

    def row(self) -> str:
        """For a column of text: the English sentence where it is the message itself, else JSON of ``kept``."""
        import json

        is_bare = not (self.facts or self.context or self.given or self.message.startswith(_ROW))
        return self.message if is_bare else json.dumps(self.kept(), ensure_ascii=False)

    def kept(self) -> dict[str, Any]:
        """For a row of JSON: the sentence in English and Danish, for whoever reads the row, and what it is made of."""
        parts = self._parts()
        return {"en": self.en, "da": self.da} | parts if "message" in parts else parts

    def _parts(self) -> dict[str, Any]:
        if self.given and not self.facts:
            return {ENGLISH: self.message, **dict(self.given)}
        parts: dict[str, Any] = {"message": self.message}
        if self.many:
            parts["many"] = self.many
        if self.context:
            parts["context"] = self.context
        if self.facts:
            parts["facts"] = {name: _written(fact) for name, fact in self.facts}
        return parts if self.given is None else parts | {"given": dict(self.given)}

    @classmethod
    def _made(
        cls,
        message: str,
        context: str,
        facts: Mapping[str, object],
        given: tuple[tuple[str, str], ...] | None,
        many: str = "",
    ) -> Self:
        text = cls.__new__(cls)
        text._set(message, context, facts, given, many)  # noqa: SLF001  its own class
        return text

    def _set(
        self,
        message: str,
        context: str,
        facts: Mapping[str, object],
        given: tuple[tuple[str, str], ...] | None,
        many: str = "",
    ) -> None:
        if not message or (given and not all(said for _, said in given)):
            raise ValueError(Text("a text is said in both languages"))
        object.__setattr__(self, "message", message)
        object.__setattr__(self, "many", many)
        object.__setattr__(self, "context", context)
        object.__setattr__(self, "facts", tuple(sorted((name, _held(fact)) for name, fact in facts.items())))
        object.__setattr__(self, "given", given)

    def filled(self, **facts: object) -> Self:
        """The same message with these facts: for a message that stands in a table."""
        return self._made(self.message, self.context, facts, self.given, self.many)

    def say(self, language: Language) -> str:
        words = self._words(language)
        if not self.facts:
            return words
        return words.format_map({name: _as_read(fact, language) for name, fact in self.facts})

    def _words(self, language: Language) -> str:
        """The message in ``language``, its holes not filled."""
        if self.many:
            count = next(fact for name, fact in self.facts if name == "count")
            return translated_count(self.message, self.many, count, self.context, language)
        if language == ENGLISH:
            return self.message
        if self.given is None:
            return translated(self.message, self.context, language)
        return dict(self.given).get(language, self.message)

    def spoken(self) -> dict[str, str]:
        """For JSON that is shown to whoever reads it: in English and Danish, and in each other language that has it."""
        others = {language: self.say(language) for language in languages() if language not in (ENGLISH, "da")}
        en = self.en
        return {ENGLISH: en, "da": self.da} | {language: said for language, said in others.items() if said != en}

    @property
    def en(self) -> str:
        return self.say(ENGLISH)

    @property
    def da(self) -> str:
        return self.say("da")

    def __eq__(self, other: object) -> bool:
        return self._made_of == other._made_of if isinstance(other, Text) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._made_of)

    def __lt__(self, other: "Text") -> bool:
        return (self.en, self.context, self.da) < (other.en, other.context, other.da)

    def __str__(self) -> str:
        """In English: what an error that holds it says to a log."""
        return self.en

    def __repr__(self) -> str:
        return f"Text({self.en!r})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, self._made_of

    @property
    def _made_of(self) -> tuple[str, str, tuple[tuple[str, Any], ...], tuple[tuple[str, str], ...] | None, str]:
        return self.message, self.context, self.facts, self.given, self.many


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number as the reader's language writes it, in whatever form the message has for it."""

    value: float
    language: Language

    def __format__(self, form: str) -> str:
        return format(self.value, form).translate(marks(self.language))


def _as_read(fact: Any, language: Language) -> Any:
    if isinstance(fact, (Text, Number, Capital)):
        return fact.say(language)
    return fact if language == ENGLISH or isinstance(fact, str) else _Figure(fact, language)


def _again(message: str, context: str, facts: Any, given: Any, many: str) -> Text:
    """A Text that was pickled."""
    return Text._made(message, context, dict(facts), given, many)  # noqa: SLF001  its own module


def _held(fact: object) -> Any:
    """A fact as it is held: what can be compared, hashed and kept, whatever it was."""
    if type(fact) in (str, int, float) or isinstance(fact, (Text, Number, Capital)):
        return fact
    if isinstance(fact, int) and not isinstance(fact, bool):
        return int(fact)
    return float(fact) if isinstance(fact, float) else format(fact)


def _written(fact: Any) -> Any:
    """A fact as JSON has it."""
    if isinstance(fact, Text):
        return {"text": fact._parts()}  # noqa: SLF001  its own module
    if isinstance(fact, Capital):
        return {"capital": fact.text._parts()}  # noqa: SLF001  its own module
    if isinstance(fact, Number):
        return {"number": [fact.value, fact.form, fact.trimmed]}
    return fact


def _read(kept: Any) -> Any:
    if not isinstance(kept, dict):
        return kept
    if "capital" in kept:
        return Capital(Text.of(kept["capital"]))
    return Text.of(kept["text"]) if "text" in kept else Number(*kept["number"])
