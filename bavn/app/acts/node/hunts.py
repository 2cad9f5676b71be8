"""Hunts that an analyst keeps at a node: saved, and taken away. Expect those that come with Bavn to stay."""

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from bavn.actor.hunt.saved import SavedHunt, SavedUnclear, read_hunt, written
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here, NodeInput
from bavn.app.analyst import saved_hunts
from bavn.app.process.exits import Exit
from bavn.model.text import Text


class HuntSave(NodeInput):
    """A query to be kept."""

    sql: str = Field(min_length=1, max_length=100_000)
    says: str = Field(default="", max_length=1000)
    says_da: str = Field(default="", max_length=1000)
    technique: str = Field(default="", pattern=r"^(T[0-9]{4}(\.[0-9]{3})?)?$")
    span: str = Field(default="", pattern=r"^([1-9][0-9]{0,5}[smhdw])?$")
    replace: bool = False


@act(Right.SOC_HUNT, (SavedUnclear, 422, "bad-hunt", "you"))
def save(here: Here, name: str, body: HuntSave, ask: Callable[[str], None]) -> tuple[SavedHunt, Path]:
    """Keeps a query under a name. One of the same name is written over only if ``replace`` says so."""
    config, words = here.config(), body.says or name
    draft = SavedHunt(
        name=name,
        says=Text.written(words, da=body.says_da or words),
        sql=body.sql,
        technique=body.technique,
        span=body.span,
    )
    hunt, folder = read_hunt(name, written(draft).encode()), config.path(config.hunt.folder)
    if not body.replace and saved_hunts.file_of(folder, name).exists():
        says = Text("There is a hunt of this name: choose another, or write over it.")
        raise ActRefused(409, "hunt-there", says, aside="--replace", code=Exit.CONFIGURATION)
    ask(f"SELECT * FROM ({hunt.sql}) LIMIT 0")  # what cannot be asked is not kept
    return hunt, saved_hunts.save(folder, hunt)


@act(Right.SOC_HUNT, only="page")
def delete(here: Here, name: str) -> Path:
    """Takes one of the node's own hunts away; those of Bavn stay."""
    config = here.config()
    return saved_hunts.delete(config.path(config.hunt.folder), name)
