"""`bavn centre policy`: standing policies, proposed by one person and approved by another.

Refuses to change a policy: a changed one is a new one.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, ByApprover, Config, opened, show
from bavn.app.cli.centre.person import AsLocalRoot, instead
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import iso
from bavn.model.observable import ObservableType

if TYPE_CHECKING:
    from bavn.centre.cases.policies import Policies, PolicyState

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What may be released without a person, once two have agreed."
)
PolicyId = Annotated[str, typer.Argument(help="policy-..., as `bavn centre policy list` names it")]


@app.command("list")
def listed(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """All policies, who stands behind them, and whether they are in force."""
    with _policies(config) as policies:
        rows = [_row(state, _now_us()) for state in policies.every()]
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
    by: ByApprover = "",
    as_json: AsJson = False,
) -> None:
    """Propose a policy. It is not in force until somebody else approves it."""
    from bavn.centre.cases.policies import StandingPolicy
    from bavn.model.moment import DAY_US

    with _policies(config) as policies:
        policy = StandingPolicy(
            name=name,
            score_min=score_min,
            groups_min=groups_min,
            types=tuple(kind.value for kind in types or [ObservableType.DOMAIN]),
            blocks_per_day_max=blocks_per_day_max,
            indicator_days=indicator_days,
            until_us=int(until.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000 + DAY_US,
        )
        rows = [_row(policies.propose(policy, by), _now_us())]
    show(rows, as_json=as_json)


@app.command("approve")
def approve(
    policy: PolicyId,
    config: Config = CENTRE_TOML,
    *,
    by: ByApprover = "",
    as_local_root: AsLocalRoot = "",
    as_json: AsJson = False,
) -> None:
    """Stand behind somebody else's policy; it is in force from now on."""
    with _policies(config) as policies:
        rows = [_row(policies.approve(policy, instead(by, as_local_root)), _now_us())]
    show(rows, as_json=as_json)


@app.command("end")
def end(
    policy: PolicyId,
    config: Config = CENTRE_TOML,
    *,
    why: Annotated[str, typer.Option(help="The reason, for the audit log.")],
    by: ByApprover = "",
    as_json: AsJson = False,
) -> None:
    """End a policy; one person is enough. What it released stays until its own end."""
    with _policies(config) as policies:
        rows = [_row(policies.end(policy, by, why), _now_us())]
    show(rows, as_json=as_json)


@contextmanager
def _policies(config: Any) -> Iterator["Policies"]:
    from bavn.centre.cases.policies import UnknownPolicy
    from bavn.centre.cases.who import NotAllowed

    with opened(config) as desk:
        try:
            yield desk.cases.policies
        except UnknownPolicy as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except NotAllowed as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
        except ValueError as error:
            raise Stop(Exit.USAGE, str(error)) from error


def _now_us() -> int:
    from bavn.app.process.real import SystemClock

    return SystemClock().now_us()


def _row(state: "PolicyState", now_us: int) -> dict[str, Any]:
    policy = state.policy
    return {
        "policy": state.id,
        "name": policy.name,
        "in_force": state.in_force(now_us),
        "score_min": policy.score_min,
        "groups_min": policy.groups_min,
        "types": list(policy.types),
        "blocks_per_day_max": policy.blocks_per_day_max,
        "indicator_days": policy.indicator_days,
        "until": iso(policy.until_us)[:10],
        "proposed_by": state.proposed_by,
        "approved_by": state.approved_by,
        "ended_by": state.ended_by,
    }
