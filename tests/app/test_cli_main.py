"""How a command ended is its exit code, also where a command or Ctrl-C ended it and not a return."""

import pytest
import typer

from bavn.app.cli import main
from bavn.app.exits import Exit, Stop


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "bavn: stopped\n"),
        (typer.Abort(), 130, "bavn: stopped\n"),
        (typer.Exit(Exit.USAGE), 2, ""),
        (Stop(Exit.NOT_FOUND, "nobody"), 8, "bavn: nobody\n"),
        (None, 0, ""),
    ],
)
def test_how_it_ended_is_the_exit_code(monkeypatch, capsys, ends, code, said) -> None:
    app = typer.Typer()

    @app.command()
    def only() -> None:
        if ends is not None:
            raise ends

    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr("sys.argv", ["bavn"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert int(ended.value.code) == code
    assert capsys.readouterr().err == said
