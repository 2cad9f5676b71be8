"""People of tests: accounts that a test acts as, in the rooms by name, on the command line by a token of their own."""

from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from bavn.app.access.accounts import Accounts
from bavn.app.access.book import open_book
from bavn.app.access.rights import ROLES, rights_of
from bavn.app.access.sessions import Tokens
from bavn.app.config.load import read_centre, read_node
from bavn.model.principal import account

__all__ = ["Runner", "account", "token_file"]


def token_file(config: Path, name: str, side: str = "sac") -> Path:
    """The file of a token of this account, which is made with every role where it is not there."""
    folder = (read_centre(config) if side == "sac" else read_node(config)).folder
    file = folder / f"token-{name.casefold().replace(' ', '-')}"
    if file.exists():
        return file
    book = open_book(folder)
    try:
        accounts, roles = Accounts(book), ROLES[side]
        if accounts.find(name) is None:
            accounts.add(name, roles, None, "tests (local root)")
        made = Tokens(book).make(name, "tests", rights_of(roles), 30)
        assert made is not None
        file.touch(0o600)
        file.write_text(made[1])
    finally:
        book.close()
    return file


class Runner(CliRunner):
    """Gives ``--by NAME`` as that account would give it: by a token of its own."""

    def invoke(self, app: Any, args: Any = None, *given: Any, **more: Any) -> Result:
        words = [str(word) for word in args or ()]
        config = next((words[at + 1] for at, word in enumerate(words) if word in ("--config", "-c")), None)
        if "--by" in words and "restore" not in words and config is not None and Path(config).exists():
            at = words.index("--by")
            text = Path(config).read_text()
            side = "sac" if "[place]" in text or Path(config).name.startswith("centre") else "soc"
            token = token_file(Path(config), words[at + 1], side)
            del words[at : at + 2]
            more["env"] = {**(more.get("env") or {}), "BAVN_TOKEN_FILE": str(token)}
        return super().invoke(app, words, *given, **more)
