"""Protection: what is blocked until when and why, and what people here may do about it. Rights: soc:read, soc:protect.

As `bavn node blocks, lift, approve, kill-switch, dry-run`: an act is left for the running node, and where it does not
run, what lifts is done at once. Works with the centre gone.
"""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from bavn.actor.assets.rules import SAID
from bavn.actor.protect import queries
from bavn.actor.protect.rollback import networks_of
from bavn.app.acts.node import protection as acts
from bavn.app.analyst.asset_book import critical_among
from bavn.app.analyst.trying import wanted_of
from bavn.app.siem.rules.known import indicator_here
from bavn.app.web.frame import After, Limit, Person, Rows, TextShape, Trouble, allow, opened, page
from bavn.app.web.rule_shapes import IndicatorRules
from bavn.app.web.soc.asking import Asking
from bavn.app.web.soc.context import Context, Node
from bavn.app.web.soc.errors import trouble_of
from bavn.app.web.soc.protect_shapes import (
    Block,
    BlockShort,
    CriticalHostShown,
    DryRunRequest,
    DryRunShown,
    Enforcer,
    Met,
    Protection,
    RollbackShown,
    ServiceBehind,
    SwitchShown,
    enforcers_of,
    lists_of,
    turned,
)
from bavn.app.web.soc.shapes import REFUSALS, Done, IndicatorId, NodeName, Reads, like
from bavn.app.web.soc.suspected_shapes import KnownInSectorShown
from bavn.model.intel.accidents import accident_of
from bavn.model.observable import Observable, ObservableType
from bavn.model.text import Text

WAIT_S_MAX = 2.0
Acts = Annotated[Person, allow(acts.act_on)]
Switches = Annotated[Person, allow(acts.switch)]
BlockState = Literal["", "wanted", "waiting", "uncarried", "lifted", "refused"]
WAITS_SHOWN_MAX = 20


class Reason(BaseModel):
    """Why, for the ledger's reader; the person's name stands beside it."""

    sure: bool = Field(description="True once the person has been shown what will happen.")


class BlockReason(Reason):
    """The same for one block."""

    read: bool = Field(default=False, description="The person read what a block of it would break, where it is known.")


router = APIRouter(prefix="/nodes/{node}/protection", tags=["protection"], responses=REFUSALS)
"""Protection at a node."""


@router.get("", operation_id="protection")
def protection(context: Context, node: NodeName, person: Reads) -> Protection:
    """Kill switches, counts, enforcers, and where a new firewall finds the lists."""
    here = context.node(node, person)
    with here.asks() as rows:
        counts, blocked = queries.counts_of(rows), queries.blocked(rows)
        notes = queries.notes(rows, "kill_switch", "sector_switch", "stands")
        waits = queries.left_acts(rows, WAITS_SHOWN_MAX)
    config, running = here.config(), here.runs()
    holding = json.loads(notes["stands"])[0] if "stands" in notes else None
    sector = json.loads(notes.get("sector_switch", "{}"))
    return Protection(
        own=SwitchShown(on=notes.get("kill_switch") == "on", by="", why=""),
        sector=SwitchShown(on=sector.get("state") == "on", by=sector.get("by", ""), why=sector.get("why", "")),
        blocked=blocked,
        counts=counts,
        running=running,
        enforcers=[
            Enforcer(
                name=name,
                says=TextShape.of(says),
                holds=None if holding is None or not running else name in holding,
            )
            for name, says in enforcers_of(config.enforce)
        ],
        lists=lists_of(config.enforce, config.path(config.enforce.list_folder)),
        waiting=[TextShape.of(turned(act, by)) for act, by in waits],
        automatic=config.protect.automatic,
    )


@router.get("/blocks", operation_id="blocks")
def blocks(
    context: Context,
    node: NodeName,
    person: Reads,
    limit: Limit = 100,
    after: After = None,
    standing: BlockState = "",
    act: Literal["", "block", "watch"] = "",
    q: Annotated[str, Query(max_length=100)] = "",
) -> Rows[BlockShort]:
    """Indicators as they stand here, the last decided first."""
    at = opened(after, int, str)
    with context.node(node, person).asks() as rows:
        items = queries.items_page(rows, q, like(q.lower()), standing, act, at, limit + 1)
        left = queries.left_on_items(rows)
    return page(
        [BlockShort(**_short(row, left.get(row[0]))) for row in items], limit, lambda one: (one.decided_us, one.id)
    )


@router.get("/blocks/{indicator}", operation_id="block")
def block(context: Context, node: NodeName, indicator: IndicatorId, person: Reads) -> Block:
    """One indicator: why it stands as it does, its dry run, who enforces it, where it was met, the rollback."""
    here = context.node(node, person)
    with here.asks() as rows:
        items = queries.whole_item(rows, indicator)
        if items is None:
            raise acts.no_indicator()
        met, hit = queries.met_of(rows, indicator), queries.hosts_hit(rows, indicator)
        left = queries.left_on_items(rows).get(indicator)
        known = indicator_here(rows, indicator)
    row, bundle = items[:-1], items[-1]
    policy = here.config().protect
    tried = json.loads(row[11]) if row[11] else {}
    seen = tried.get("hosts", 0) if tried.get("days") else policy.dry_run_hosts_max
    short = _short(row, left)
    named = Observable.trusted(ObservableType(short["type"]), short["value"]) if short["value"] else None
    accident = None if named is None else accident_of(named)
    return Block(
        **short,
        would_break=None if accident is None else TextShape.of(accident.words),
        bundle=bundle,
        rules=[] if known is None else IndicatorRules.of(known, context.clock.now_us()).rules,
        met=[Met(kind=kind, count=count, first_us=first, last_us=last) for kind, count, first, last in met],
        tried=tried,
        rollback=RollbackShown(
            on=policy.rollback and not row[10],
            hosts_hit=hit,
            hosts_max=seen + policy.rollback_hosts_more_max,
        ),
        acts=acts.offered(row[4], left[0] if left else "", runs=here.runs()),
    )


@router.post("/blocks/{indicator}/{act}", operation_id="actOnBlock", description=acts.act_on.__doc__)
def act_on(
    context: Context,
    node: NodeName,
    indicator: IndicatorId,
    act: Annotated[Literal["approve", "lift"], Path()],
    reason: BlockReason,
    person: Acts,
) -> Done:
    _sure(reason)
    return Done.of(acts.act_on(context.node(node, person), person.name, indicator, act, read=reason.read))


@router.post("/kill-switch/{position}", operation_id="killSwitch", description=acts.switch.__doc__)
def kill_switch(
    context: Context,
    node: NodeName,
    position: Annotated[Literal["on", "off"], Path()],
    reason: Reason,
    person: Switches,
) -> Done:
    _sure(reason)
    return Done.of(acts.switch(context.node(node, person), person.name, position))


@router.post("/dry-runs", operation_id="startDryRun", status_code=202)
def start_dry_run(context: Context, node: NodeName, body: DryRunRequest, person: Reads) -> DryRunShown:
    """What a block would have hit on this actor's own history, and what gate 4 would say. It changes nothing."""
    here = context.node(node, person)
    wanted_of(body.what, here.file)  # what is no observable is said at once
    request = {"what": body.what, "days": body.days}
    asking = context.askings.start(here.file, node, person.name, "dry_run", request)
    return _tried(here, context.askings.now(asking, WAIT_S_MAX))


@router.get("/dry-runs/{asking}", operation_id="dryRun")
def dry_run(
    context: Context,
    node: NodeName,
    asking: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{10,40}$")],
    person: Reads,
    wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 0.0,
) -> DryRunShown:
    """Where a dry run stands; waits a little for it."""
    here = context.node(node, person)
    found = context.askings.of(asking, node, person.name)
    return _tried(here, context.askings.now(found, wait_s))


def _short(row: tuple[Any, ...], left: tuple[str, str] | None) -> dict[str, Any]:
    """``left``: the act that waits for the running node, and who asked for it."""
    (name, kind, value, act, standing, rule, reason, until_us, decided_us, held, by, _, told, forced_us, version) = row
    evidence = json.loads(told) if told.startswith("{") else {}
    return {
        "id": name,
        "type": kind,
        "value": value,
        "act": act,
        "standing": standing,
        "rule": rule,
        "says": TextShape.of(Text.of_row(reason)) if reason else None,
        "until_us": until_us,
        "decided_us": decided_us,
        "held": bool(held),
        "by": by,
        "state": evidence.get("state", ""),
        "enforcers": list(evidence.get("enforcers", ())),
        "not_carried": list(evidence.get("not_carried", ())),
        "forced_us": forced_us,
        "version": version,
        "left": None if left is None else TextShape.of(acts.LEFT[left[0]].filled(by=left[1])),
    }


def _sure(asked: Reason) -> None:
    if not asked.sure:
        raise Trouble(422, "not-sure", Text("Look at what will happen first."))


def _tried(here: Node, asking: Asking) -> DryRunShown:
    if asking.kind != "dry_run":
        raise Trouble(404, "no-question", Text("This is no dry run."))
    refused = TextShape.of(trouble_of(asking.code, asking.reason).text) if asking.state == "failed" else None
    answer = dict(asking.answer)
    why = answer.pop("reason", "")
    services = [ServiceBehind(**one) for one in answer.pop("services", [])]
    known, survey = None, here.survey()
    with survey.rows() as hosts:
        networks = networks_of(here.config().protect.clinical_networks)
        critical = critical_among(hosts, answer.get("named_hosts", ()), networks)
    if "type" in answer:
        with here.asks() as rows:
            known = here.next_door(rows).of(Observable.of(answer["type"], answer["value"]))
    return DryRunShown(
        id=asking.id,
        state=asking.state,
        refused=refused,
        says=TextShape.of(Text.of_row(why)) if why else None,
        services=services,
        next_door=None if known is None else KnownInSectorShown.of(known),
        critical=[
            CriticalHostShown(
                host=each.host,
                names=list(each.names),
                roles=[TextShape.of(SAID[role]) for role in each.roles],
                clinical=each.clinical,
            )
            for each in critical
        ],
        roles_known=survey.at_us is not None,
        **answer,
    )
