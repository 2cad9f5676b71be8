"""What the command line says of itself, in the reader's language: the help of commands, and what it did not understand.

A command's help stands in English where the command is made, and is looked up when it is shown, never before. Expect
Typer's names of types (`<path>`, `<int>`) and the names of options as they are in every language.
"""

import gettext
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from difflib import get_close_matches
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from bavn.app.cli.language import language_here
from bavn.model.catalogue import DOMAIN, ENGLISH, LOCALE, languages
from bavn.model.text import Language, Text

CONTEXT: Final = "help"
BY_TYPER: Final = (
    Text("Arguments"),
    Text("Commands"),
    Text("Missing command."),
    Text("Options"),
    Text("default: {default}"),
    Text("env var: {var}"),
    Text("required"),
)
"""What Typer itself asks gettext for."""
WHOLE: Final = 1_000
"""Characters of a command's first sentence that are always enough."""
_COMMANDS: Final = Text("Commands")
_USAGE: Final = Text("Usage")
_OPTIONS: Final = Text("[OPTIONS]")
_COMMAND: Final = Text("COMMAND [ARGS]...")
_WRONG: Final = {
    "int_parsing": Text("{input} is not a whole number"),
    "int_type": Text("{input} is not a whole number"),
    "int_from_float": Text("{input} is not a whole number"),
    "float_parsing": Text("{input} is not a number"),
    "float_type": Text("{input} is not a number"),
    "finite_number": Text("{input} is not a number"),
    "greater_than_equal": Text("it must be at least {ge}"),
    "greater_than": Text("it must be more than {gt}"),
    "less_than_equal": Text("it must be at most {le}"),
    "less_than": Text("it must be less than {lt}"),
    "string_too_short": Text("it must have at least {min_length} characters"),
    "string_too_long": Text("it must have at most {max_length} characters"),
    "string_pattern_mismatch": Text("it must be written as {pattern} says"),
    "too_short": Text("at least {min_length} are needed"),
    "too_long": Text("at most {max_length} are taken"),
    "literal_error": Text("it must be one of {expected}"),
    "enum": Text("it must be one of {expected}"),
}
"""What is wrong with a value, by pydantic's name for it."""


class Command(TyperCommand):
    """A command whose help is in the reader's language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with _gettext_speaks(language_here()) as language:
            TyperCommand.format_help(_spoken(self, language, ctx), ctx, formatter)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        _write_usage(self, ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return TyperCommand.get_short_help_str(_spoken(self, language_here()), limit)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        takes_more, ctx.allow_extra_args = ctx.allow_extra_args, True
        rest = super().parse_args(ctx, args)
        ctx.allow_extra_args = takes_more
        if rest and not takes_more and not ctx.resilient_parsing:
            more = Text("More was given than the command takes: {words}", words=_printable(" ".join(map(str, rest))))
            ctx.fail(more.say(language_here()))
        return rest


class Group(TyperGroup):
    """A group of commands whose help is in the reader's language, each command with its whole first sentence.

    ``sections``: title -> the commands under it. Without, all stand under one title.
    """

    sections: Mapping[Text, tuple[str, ...]] = {}

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with _gettext_speaks(language_here()) as language:
            TyperGroup.format_help(_spoken(self, language, ctx), ctx, formatter)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        _write_usage(self, ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return TyperGroup.get_short_help_str(_spoken(self, language_here()), limit)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        language = language_here()
        known = {name: self.commands[name] for name in self.list_commands(ctx)}
        for title, names in (self.sections or {_COMMANDS: tuple(known)}).items():
            with formatter.section(title.say(language)):
                formatter.write_dl([(name, known[name].get_short_help_str(WHOLE)) for name in names])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            near = get_close_matches(name, list(self.commands))
            ctx.fail(_no_command(_printable(name), near).say(language_here()))
        return super().resolve_command(ctx, args)


class Commands(typer.Typer):
    """``typer.Typer`` for a group of Bavn's commands: plain text, and help in the reader's language."""

    def __init__(
        self,
        *,
        cls: type[TyperGroup] = Group,
        help: str | None = None,  # noqa: A002  Typer's word
        completes: bool = False,
    ) -> None:
        """``completes``: with the options that set up completion in a shell; for the outermost group alone."""
        given: dict[str, Any] = {} if help is None else {"help": help}
        super().__init__(cls=cls, no_args_is_help=True, rich_markup_mode=None, add_completion=completes, **given)

    def command[Function: Callable[..., Any]](
        self, name: str | None = None, *, cls: type[TyperCommand] | None = Command, **given: Any
    ) -> Callable[[Function], Function]:
        """As Typer has it."""
        return super().command(name, cls=cls, **given)


def sentence(words: str) -> str:
    """A help as catalogues have it: each paragraph one line, wherever the code breaks it."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(words).split("\n\n"))


def sentences(command: Any) -> Iterator[str]:
    """All that the help of a command, and of those below it, can say."""
    context = typer.Context(command)
    for words in (command.help, *(getattr(param, "help", None) for param in command.get_params(context))):
        if words:
            yield sentence(words)
    for one in getattr(command, "commands", {}).values():
        yield from sentences(one)


def not_understood(error: Any) -> Text:
    """What Typer does not understand: one line. What it says in no words of ours stays as it is."""
    param = getattr(error, "param", None)
    if getattr(param, "name", None) == "language":
        return Text("--language: Bavn speaks {known}", known=", ".join(languages()))
    match type(error).__name__:
        case "NoSuchOption":
            return _no_option(_printable(error.option_name), sorted(error.possibilities or ()))
        case "BadOptionUsage" if any(word.startswith(f"{error.option_name}=") for word in sys.argv):
            return Text("Option {option!r} does not take a value.", option=error.option_name)
        case "BadOptionUsage":
            return Text("Option {option!r} requires an argument.", option=error.option_name)
        case "MissingParameter" if param is not None:
            return _missing(param)
        case "BadParameter" if param is not None:
            return Text("Invalid value for {name}: {why}", name=param.get_error_hint(), why=_why(error))
    said = str(error.format_message())
    return Text.documented(said) if said else Text.of_error(error)


def with_help(message: Text, error: Any) -> Text:
    """The same with where the command's own help is; a wrong language is told what there is already."""
    if getattr(getattr(error, "param", None), "name", None) == "language":
        return message
    command = getattr(getattr(error, "ctx", None), "command_path", "") or "bavn"
    return Text("{said} ({command} says how)", said=message, command=f"{command} --help")


def wrong(first: Mapping[str, Any]) -> Text:
    """What is wrong with a value, of the first of pydantic's errors; in pydantic's English where we have no words."""
    facts = {name: _fact(value) for name, value in (first.get("ctx") or {}).items()}
    if (text := _WRONG.get(first["type"])) is not None:
        facts["input"] = repr(first["input"])
        return text.filled(**{name: fact for name, fact in facts.items() if f"{{{name}}}" in text.message})
    error = (first.get("ctx") or {}).get("error")
    return Text.of_error(error) if isinstance(error, Exception) else Text.plain(_printable(first["msg"]))


def _fact(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else str(value)


def _spoken[Made: (TyperCommand, TyperGroup)](command: Made, language: Language, ctx: Any = None) -> Made:
    """The command as it says itself in this language. With ``ctx`` also its options."""
    if language == ENGLISH:
        return command
    spoken = copy(command)
    spoken.help = _said(command.help, language)
    if ctx is None:
        return spoken
    spoken.params = [_option(param, language) for param in command.get_params(ctx)]
    spoken.add_help_option = False  # it is one of them
    if spoken.options_metavar == _OPTIONS.en:
        spoken.options_metavar = _OPTIONS.say(language)
    if isinstance(spoken, TyperGroup) and spoken.subcommand_metavar == _COMMAND.en:
        spoken.subcommand_metavar = _COMMAND.say(language)
    return spoken


def _option(param: Any, language: Language) -> Any:
    said = copy(param)
    said.help = _said(getattr(param, "help", None), language)
    return said


def _said(words: str | None, language: Language) -> str | None:
    return Text.documented(sentence(words), CONTEXT).say(language) if words else words


def _write_usage(command: Any, ctx: Any, formatter: Any) -> None:
    pieces = " ".join(command.collect_usage_pieces(ctx))
    formatter.write_usage(ctx.command_path, pieces, prefix=f"{_USAGE.say(language_here())}: ")


@contextmanager
def _gettext_speaks(language: Language) -> Iterator[Language]:
    """Meanwhile what Typer asks gettext for is looked up in our catalogue."""
    before, chosen = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = language
    try:
        yield language
    finally:
        gettext.textdomain(before)
        os.environ.pop("LANGUAGE")
        if chosen is not None:
            os.environ["LANGUAGE"] = chosen


def _no_command(name: str, near: list[str]) -> Text:
    if not near:
        return Text("No such command {name!r}.", name=name)
    return Text("No such command {name!r}. Did you mean {near}?", name=name, near=", ".join(map(repr, near)))


def _no_option(name: str, near: list[str]) -> Text:
    if not near:
        return Text("No such option: {option}", option=name)
    return Text("No such option: {option} (Possible options: {near})", option=name, near=", ".join(near))


def _missing(param: Any) -> Text:
    name, choices = param.get_error_hint(), _choices(param)
    if param.param_type_name == "argument":
        if choices:
            return Text("Missing argument {name}: one of {choices}.", name=name, choices=choices)
        return Text("Missing argument {name}.", name=name)
    if choices:
        return Text("Missing option {name}: one of {choices}.", name=name, choices=choices)
    return Text("Missing option {name}.", name=name)


def _why(error: Any) -> Text:
    cause = error.__cause__
    choices = _choices(error.param)
    formats = getattr(getattr(_described(error.param), "parameter_info", None), "formats", None)
    if not hasattr(cause, "errors"):
        return Text.plain(_printable(error.message))
    first = cause.errors()[0]
    if choices and first["type"] in ("value_error", "literal_error", "enum"):
        return Text("{input} is not one of {choices}", input=repr(first["input"]), choices=choices)
    if formats and first["type"] == "value_error":
        return Text("{input} is not written as {formats}", input=repr(first["input"]), formats=", ".join(formats))
    return wrong(first)


def _described(param: Any) -> Any:
    return getattr(param, "type_descriptor", None)


def _choices(param: Any) -> str:
    """What may be said, where that is a list: each in quotes."""
    choices = getattr(_described(param), "choices", None) or ()
    return ", ".join(repr(str(getattr(one, "value", one))) for one in choices)


def _printable(words: str) -> str:
    """On one line, without what moves a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in words)
