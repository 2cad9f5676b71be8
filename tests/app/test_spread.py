"""A typed input is a command's options and a route's body, declared once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from bavn.app.cli.spread import spread
from bavn.app.process.exits import Exit, Stop


class Draft(BaseModel):
    """What both skins take."""

    title: str = Field(description="One line.", pattern="[a-z ]+")
    hours: int = Field(24, description="How long it is in force.", ge=1, le=48)
    observables: list[str] = Field(default_factory=list, description="What it names.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What only the command line takes."""

    folder: Annotated[Path, typer.Option("--folder", "-f", help="Where.")] = Path("data")
    dry: Annotated[bool, typer.Option("--dry", help="Only look.")] = False


def kept(draft: Draft) -> str:
    """The act itself, an ordinary function."""
    return f"{draft.title}, {draft.hours} h, {draft.observables}"


def command(config: Annotated[str, typer.Argument()] = "x", *, draft: Draft, place: Place) -> None:
    """Keep a draft."""
    print(f"{config} {kept(draft)} {place.folder} {place.dry}")


def app():
    made = typer.Typer(add_completion=False, rich_markup_mode=None)
    made.command("keep")(spread(command))
    return made


def run(*words):
    return CliRunner().invoke(app(), list(words))


def test_each_field_is_an_option_and_the_command_gets_the_value() -> None:
    assert run("--title", "a b").stdout == "x a b, 24 h, [] data False\n"
    given = run("y", "--title", "a", "--hours", "2", "--observables", "u", "--observables", "v", "-f", "z", "--dry")
    assert given.stdout == "y a, 2 h, ['u', 'v'] z True\n"
    helped = run("--help").stdout
    assert "Keep a draft." in helped
    assert all(words in helped for words in ("One line.", "How long it is in force.", "--folder", "1<=x<=48"))


@pytest.mark.parametrize("words", [(), ("--title", "a", "--hours", "0"), ("--title", "a", "--hours", "49")])
def test_what_is_missing_or_out_of_bounds_is_a_wrong_use(words) -> None:
    assert run(*words).exit_code == Exit.USAGE


def test_what_is_missing_out_of_bounds_or_refused_by_the_model_is_a_wrong_use_that_names_the_option() -> None:
    error = run("--title", "A").exception
    assert isinstance(error, Stop)
    assert error.code == Exit.USAGE
    assert str(error).startswith("--title: ")
    assert "\n" not in str(error)


def test_two_inputs_with_the_same_option_are_refused_when_the_command_is_made() -> None:
    def twice(*, draft: Draft, other: Draft) -> None:
        """Never."""

    with pytest.raises(TypeError, match="two inputs have an option hours"):
        spread(twice)
