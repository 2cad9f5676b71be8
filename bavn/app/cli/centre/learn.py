"""`bavn centre learn`: what verdicts teach the score. Two people stand behind a version, one takes it back."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.acts.centre import learning as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, named, opened, show
from bavn.app.cli.centre.person import AsLocalRoot, instead, of_act
from bavn.app.cli.help import Commands
from bavn.model.moment import iso

if TYPE_CHECKING:
    from bavn.centre.books.learned import LearnedVersion

app = Commands(help="What people's verdicts teach the score, once two have agreed.")
Version = Annotated[str, typer.Argument(help="learned-..., as `bavn centre learn list` names it")]


@app.command("list")
def listed(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """All versions, on how many verdicts each rests, what it moves (nats a report, by detector) and which counts."""
    with opened(config, *acts.REFUSES) as desk:
        holds = desk.learning.in_force()
        rows = [_row(version, holds) for version in desk.learning.every()]
    show(rows, as_json=as_json)


@app.command("propose")
def propose(
    config: Config = CENTRE_TOML, *, by: Annotated[str, of_act(acts.propose)] = "", as_json: AsJson = False
) -> None:
    """Learn from the verdicts so far, as a version that counts for nothing until somebody else approves it."""
    with opened(config, *acts.REFUSES) as desk:
        rows = [_row(acts.propose(desk, by), desk.learning.in_force())]
    show(rows, as_json=as_json)


@app.command("approve")
def approve(
    version: Version,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.approve)] = "",
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Stand behind somebody else's version; the score weighs by it from the next ranking on."""
    with opened(config, *acts.REFUSES) as desk:
        rows = [_row(acts.approve(desk, instead(by, as_local_root), version), desk.learning.in_force())]
    show(rows, as_json=as_json)


@app.command("take-back")
def take_back(
    version: Version,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason, for the audit log.")],
    by: Annotated[str, of_act(acts.take_back)] = "",
    as_json: AsJson = False,
) -> None:
    """Take a version back; one person is enough. What counted before it counts again."""
    with opened(config, *acts.REFUSES) as desk:
        rows = [_row(acts.take_back(desk, by, version, why), desk.learning.in_force())]
    show(rows, as_json=as_json)


def _row(version: "LearnedVersion", holds: "LearnedVersion | None") -> dict[str, Any]:
    learned = version.learned
    return {
        "version": version.id,
        "counts": version == holds,
        **named(learned, "judged", "confirmed"),
        "new_share": round(learned.new_share, 3),
        "moves": ", ".join(
            f"{name or 'any'} {min(nats):+.2f}..{max(nats):+.2f}" for name, nats in learned.shifts.items()
        ),
        "proposed": iso(version.proposed_us)[:10],
        **named(version, "proposed_by", "approved_by", "ended_by"),
    }
