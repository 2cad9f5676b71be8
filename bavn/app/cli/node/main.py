"""`bavn node`: enrol, run, and look at what an actor's own node did, suspects and lets out."""

from typing import Final

from bavn.app.cli.help import Commands
from bavn.app.cli.later import later
from bavn.app.cli.ledger import Limit, Out, RefusedOnly, Verify, show_ledger
from bavn.app.cli.node.book import NODE_TOML, AsJson, Config, Spoken, asks, book_of
from bavn.model.text import Text

COMMANDS: Final = {
    "enrol": "bavn.app.cli.node.run:enrol",
    "run": "bavn.app.cli.node.run:run",
    "assets": "bavn.app.cli.node.assets:assets",
    "cbom": "bavn.app.cli.node.assets:cbom",
    "suspicions": "bavn.app.cli.node.suspicions:suspicions",
    "verdict": "bavn.app.cli.node.verdicts:verdict",
    "verdicts": "bavn.app.cli.node.verdicts:verdicts",
    "hand": "bavn.app.cli.node.verdicts:hand",
    "verdict-end": "bavn.app.cli.node.verdicts:verdict_end",
    "reveals": "bavn.app.cli.node.reveals:reveals",
    "withdraw": "bavn.app.cli.node.reveals:withdraw",
    "veto": "bavn.app.cli.node.reveals:veto",
    "allow": "bavn.app.cli.node.reveals:allow",
    "questions": "bavn.app.cli.node.questions:questions",
    "commons": "bavn.app.cli.node.commons:commons",
    "watch-centre": "bavn.app.cli.audit:watch_centre",
    "left": "bavn.app.cli.node.counts:left",
    "counts": "bavn.app.cli.node.counts:counts",
    "evidence": "bavn.app.cli.node.evidence:evidence",
    "packets": "bavn.app.cli.node.hunt.packets:packets",
    "attach": "bavn.app.cli.node.attach:attach",
    "cases": "bavn.app.cli.node.cases:cases",
    "case-answer": "bavn.app.cli.node.cases:case_answer",
    "case-say": "bavn.app.cli.node.cases:case_say",
    "case-nis2": "bavn.app.cli.node.cases:case_nis2",
    "warnings": "bavn.app.cli.node.warnings:warnings",
    "warning-answer": "bavn.app.cli.node.warnings:warning_answer",
    "health": "bavn.app.cli.node.health:health",
    "failures": "bavn.app.cli.failures:node_failures",
    "remind": "bavn.app.cli.remind:remind",
    "gates": "bavn.app.cli.gates:node_gates",
    "canary": "bavn.app.cli.node.canary:canary",
    "hits": "bavn.app.cli.node.protection:hits",
    "blocks": "bavn.app.cli.node.protection:blocks",
    "approve": "bavn.app.cli.node.protection:approve",
    "lift": "bavn.app.cli.node.protection:lift",
    "centre-replaced": "bavn.app.cli.node.protection:centre_replaced",
    "accept-key": "bavn.app.cli.node.protection:accept_key",
    "kill-switch": "bavn.app.cli.node.protection:kill_switch",
    "value": "bavn.app.cli.node.hunt.value:value",
    "dry-run": "bavn.app.cli.node.dry_run:dry_run",
    "guard": "bavn.app.cli.node.way_in:guard",
    "listen": "bavn.app.cli.node.way_in:listen",
    "watch": "bavn.app.cli.node.way_in:watch",
    "dpia": "bavn.app.cli.node.dpia:dpia",
    "accept": "bavn.app.cli.accept:node_accept",
    "verify-protocol": "bavn.app.cli.accept:verify_protocol",
    "today": "bavn.app.cli.node.suspicions:today",
    "waiting": "bavn.app.cli.node.cases:node_waiting",
    "console": "bavn.app.cli.console:node_console",
}
GROUPS: Final = {
    "store": "bavn.app.cli.node.store:app",
    "hunt": "bavn.app.cli.node.hunt.main:app",
    "rules": "bavn.app.cli.node.rules:app",
    "policy": "bavn.app.cli.node.policy:app",
    "never-block": "bavn.app.cli.node.never:app",
    "account": "bavn.app.cli.account:soc",
}
SECTIONS: Final = {
    Text("What happened to us"): (
        *("today", "waiting", "hits", "suspicions", "verdict", "verdicts"),
        *("verdict-end", "hand"),
    ),
    Text("Look closer"): ("evidence", "packets", "value", "hunt", "assets", "cbom", "store"),
    Text("Protection"): ("blocks", "approve", "lift", "dry-run", "never-block", "kill-switch"),
    Text("Together with the centre"): (
        *("cases", "case-answer", "case-say", "case-nis2", "attach", "warnings", "warning-answer"),
    ),
    Text("What leaves this actor"): (
        *("policy", "left", "counts", "reveals", "withdraw", "veto", "allow", "questions", "commons", "ledger"),
        *("dpia", "watch-centre", "centre-replaced", "accept-key"),
    ),
    Text("Whether it runs well"): (
        "health",
        "canary",
        "remind",
        "failures",
        "gates",
        "rules",
    ),
    Text("Set up and keep running"): (
        *("guard", "listen", "watch", "enrol", "run", "accept", "verify-protocol", "console", "account"),
    ),
}
app = Commands(
    help="An actor's own node.",
    cls=later(COMMANDS, GROUPS, sections=SECTIONS),
)


@app.callback()
def node() -> None:
    """An actor's own node."""


@app.command("ledger")
def ledger(
    config: Config = NODE_TOML,
    *,
    as_json: AsJson = False,
    out: Out = False,
    refused: RefusedOnly = False,
    verify: Verify = False,
    limit: Limit = 200,
    language: Spoken = "en",
) -> None:
    """Every item that met a gate: what left, what was refused, and why."""
    from bavn.actor.door.rounds.commons_days import DAYS_TABLE
    from bavn.app.node.health.commons_words import left_text

    with asks(config) as rows:
        shares = {day.round_id: left_text(day) for day in DAYS_TABLE.of(rows(DAYS_TABLE.sql))}
    show_ledger(
        book_of(config),
        as_json=as_json,
        out=out,
        refused=refused,
        verify=verify,
        limit=limit,
        language=language,
        shares=shares,
    )
