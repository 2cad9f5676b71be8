"""`bavn centre policy`: standing policies, proposed by one person and approved by another.

Refuses to change a policy: a changed one is a new one.
"""

import datetime as dt
from typing import Annotated, Any

import typer

from bavn.app.acts.centre import policies as acts
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, named, opened
from bavn.app.cli.help import Commands
from bavn.app.cli.person import AsLocalRoot, instead, of_act
from bavn.app.cli.shown import AsJson, show
from bavn.centre.cases.policies import PolicyState, StandingPolicy
from bavn.model.moment import DAY_US, iso
from bavn.model.observable import ObservableType

app = Commands(help="What may be released without a person, once two have agreed.")
PolicyId = Annotated[str, typer.Argument(help="policy-..., as `bavn centre policy list` names it")]


@app.command("list")
def listed(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """All policies, who stands behind them, and whether they are in force."""
    with opened(config, *acts.REFUSES) as desk:
        rows = [_row(state, desk.now_us()) for state in desk.cases.policies.every()]
    show(rows, as_json=as_json)


@app.command("propose")
def propose(
    name: Annotated[str, typer.Argument(help="What people call it, at most 80 characters.")],
    config: Config = CENTRE_TOML,
    *,
    until: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="Its last day (UTC), within a year.")],
    score_min: Annotated[float, typer.Option(help="Least score of an element, nats.")],
    groups_min: Annotated[int, typer.Option(help="Least number of independent groups that report it.")] = 2,
    types: Annotated[list[ObservableType] | None, typer.Option("--type", help="May be repeated.")] = None,
    blocks_per_day_max: Annotated[int, typer.Option(help="Elements released in a day (UTC).")] = 10,
    indicator_days: Annotated[int, typer.Option(help="Days that each indicator lives.")] = 30,
    by: Annotated[str, of_act(acts.propose)] = "",
    as_json: AsJson = False,
) -> None:
    """Propose a policy. It is not in force until somebody else approves it."""
    with opened(config, *acts.REFUSES) as desk:
        policy = StandingPolicy(
            name=name,
            score_min=score_min,
            groups_min=groups_min,
            types=tuple(kind.value for kind in types or [ObservableType.DOMAIN]),
            blocks_per_day_max=blocks_per_day_max,
            indicator_days=indicator_days,
            until_us=int(until.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000 + DAY_US,
        )
        rows = [_row(acts.propose(desk.cases.policies, by, policy), desk.now_us())]
    show(rows, as_json=as_json)


@app.command("approve")
def approve(
    policy: PolicyId,
    config: Config = CENTRE_TOML,
    *,
    by: Annotated[str, of_act(acts.approve)] = "",
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Stand behind somebody else's policy; it is in force from now on."""
    with opened(config, *acts.REFUSES) as desk:
        made = acts.approve(desk.cases.policies, instead(by, as_local_root), policy)
        rows = [_row(made, desk.now_us())]
    show(rows, as_json=as_json)


@app.command("end")
def end(
    policy: PolicyId,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason, for the audit log.")],
    by: Annotated[str, of_act(acts.end)] = "",
    as_json: AsJson = False,
) -> None:
    """End a policy; one person is enough. What it released stays until its own end."""
    with opened(config, *acts.REFUSES) as desk:
        rows = [_row(acts.end(desk.cases.policies, by, policy, why), desk.now_us())]
    show(rows, as_json=as_json)


def _row(state: PolicyState, now_us: int) -> dict[str, Any]:
    policy = state.policy
    return {
        "policy": state.id,
        "name": policy.name,
        "in_force": state.in_force(now_us),
        **named(policy, "score_min", "groups_min", "types", "blocks_per_day_max", "indicator_days"),
        "until": iso(policy.until_us)[:10],
        **named(state, "proposed_by", "approved_by", "ended_by"),
    }
