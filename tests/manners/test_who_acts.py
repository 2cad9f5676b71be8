"""Nobody acts on the command line by a typed name: every ``--by`` hands over who proved it, at centre and node."""

import typer

from bavn.app.cli.main import app
from bavn.app.cli.person import BY_HELP


def options(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from options(command, (*path, name))
        else:
            for param in command.params:
                yield " ".join((*path, name)), param


def test_every_by_is_who_proved_it_and_none_is_taken_from_the_environment() -> None:
    by = [(path, one) for path, one in options(typer.main.get_command(app)) if "--by" in one.opts]
    assert len(by) > 80
    for path, one in by:
        assert one.help == BY_HELP, path
        assert one.callback is not None, path
        assert not one.envvar, path


def test_a_command_knows_its_configuration_before_it_asks_who_acts() -> None:
    found = list(options(typer.main.get_command(app)))
    asks = {path for path, one in found if "--by" in one.opts}
    late = {path for path, one in found if "--config" in one.opts and not one.is_eager}
    assert not asks & late


def test_where_root_may_stand_in_the_command_says_so() -> None:
    paths = {path for path, one in options(typer.main.get_command(app)) if "--as-local-root" in one.opts}
    assert paths >= {
        "centre policy approve",
        "centre indicator approve",
        "centre indicator release",
        "centre case",
        "centre kill-switch",
        "centre approve-question",
        "centre publication",
    }
    assert not [path for path in paths if path.startswith("node")]
