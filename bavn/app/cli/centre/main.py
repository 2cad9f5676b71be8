"""`bavn centre`: set up, invite, run, and work with leads, cases and indicators."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, Config, configured, named, opened, show
from bavn.app.cli.gates import centre_book
from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.later import commands_in, later
from bavn.app.cli.ledger import Limit, Out, RefusedOnly, Verify, show_ledger
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import HOUR_US, iso
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.centre.server import CentreServer

COMMANDS: Final = commands_in(
    "bavn.app.cli.centre",
    {
        "rollout.member": ("invite", "revoke"),
        "rounds.round": ("round_",),
        "ask": ("ask", "questions", "approve_question", "end_question"),
        "intel.exchange": ("export", "import_", "offers"),
        "intel.proposals": ("proposals", "proposal"),
        "intel.misp": ("misp_feed",),
        "leads": ("leads", "open_case", "benign", "ignore", "heed", "calibration", "laws"),
        "store": ("upgrade", "backup", "restore"),
        "casework": (
            *("comment", "case", "mark", "hand_over", "merge", "split", "involve", "task", "tasks", "task_cancel"),
            *("task_reopen", "say", "parts", "case_evidence", "timeline", "rsit_"),
        ),
        "case_room": ("case_join", "case_leave", "case_note", "case_report"),
        "remind": ("remind", "reminders"),
        "alarms": ("alarms", "canaries", "coverage"),
        "publish": ("picture", "feed"),
        "benchmark": ("benchmark",),
        "rollout.accept": ("accept",),
        "clock": ("clock", "kill_switch"),
        "value": ("value",),
        "story": ("replay", "story"),
        "rounds.counts": ("counts",),
        "set_aside": ("set_aside",),
        "rounds.log": ("log",),
        "rounds.round_audit": ("round_audit",),
    },
) | {
    "health": "bavn.app.cli.service_health:centre_health",
    "failures": "bavn.app.cli.failures:centre_failures",
    "gates": "bavn.app.cli.gates:centre_gates",
    "open-gate": "bavn.app.cli.gates:centre_open_gate",
    "waiting": "bavn.app.cli.centre.waiting:centre_waiting",
    "ask-to-look": "bavn.app.cli.centre.waiting:centre_hand_over",
    "console": "bavn.app.cli.console:centre_console",
}
GROUPS: Final = {
    "policy": "bavn.app.cli.centre.policy:app",
    "learn": "bavn.app.cli.centre.learn:app",
    "nis2": "bavn.app.cli.centre.nis2:app",
    "member": "bavn.app.cli.centre.rollout.member:app",
    "partner": "bavn.app.cli.centre.intel.partner:app",
    "source": "bavn.app.cli.centre.intel.source:app",
    "misp": "bavn.app.cli.centre.intel.misp:group",
    "brief": "bavn.app.cli.centre.publish:brief",
    "forecast": "bavn.app.cli.centre.publish:forecast",
    "threat": "bavn.app.cli.centre.threat:app",
    "rollout": "bavn.app.cli.centre.rollout.main:app",
    "indicator": "bavn.app.cli.centre.indicator:app",
    "warning": "bavn.app.cli.centre.warning:app",
    "exercise": "bavn.app.cli.centre.exercise:app",
    "account": "bavn.app.cli.account:sac",
}
SECTIONS: Final = {
    Text("What waits, and leads"): (
        *("waiting", "ask-to-look", "leads", "open-case", "benign", "ignore", "heed", "value", "story", "replay"),
        *("learn", "calibration", "laws"),
    ),
    Text("Cases"): (
        *("cases", "case", "case-join", "case-leave", "case-note", "case-report", "comment", "mark", "hand-over"),
        *("merge", "split", "timeline", "rsit"),
    ),
    Text("With the actors of a case"): (
        *("involve", "parts", "task", "tasks", "task-cancel", "task-reopen", "say", "case-evidence", "nis2"),
        *("remind", "reminders"),
    ),
    Text("Protection"): ("indicator", "indicators", "policy", "clock", "kill-switch"),
    Text("Ask, warn and exercise"): (*("ask", "questions", "approve-question", "end-question", "warning", "exercise"),),
    Text("Sources and partners"): (
        *("source", "partner", "proposals", "proposal", "offers", "import", "export", "misp", "misp-feed"),
    ),
    Text("What the sector reads"): ("picture", "threat", "brief", "forecast", "feed", "benchmark"),
    Text("Members"): ("rollout", "invite", "accept", "members", "member", "revoke"),
    Text("Whether it can be trusted"): (
        *("rounds", "round", "round-audit", "counts", "quarantine", "ledger", "audit", "log"),
    ),
    Text("Whether it runs well"): (
        *("health", "alarms", "canaries", "coverage", "failures", "set-aside", "gates", "open-gate"),
    ),
    Text("Set up and keep running"): (*("init", "run", "console", "account", "hub", "upgrade", "backup", "restore"),),
}
app = Commands(
    help="The sector analysis centre.",
    cls=later(COMMANDS, GROUPS, sections=SECTIONS),
)


@app.command("init")
def init(config: Config = CENTRE_TOML) -> None:
    """Make the sector's authority and the centre's keys, once."""
    from bavn.app.centre.parts import init as make

    keys = make(configured(config))
    folder, pin = keys.folder, keys.authority().fingerprint
    tell(Text("authority and keys are in {folder}\npin for nodes: {pin}", folder=folder, pin=pin))


@app.command("run")
def run(config: Config = CENTRE_TOML) -> None:
    """Run the centre until SIGTERM or Ctrl-C. Prints the port it listens on."""
    from bavn.app.centre.reminding import running
    from bavn.app.centre.run import run as run_centre
    from bavn.app.centre.warning_mail import mailing
    from bavn.app.process.failure_folder import failures_in
    from bavn.app.process.manager.heart import Heart

    heart = Heart.of(os.environ)
    file = configured(config)

    def listens(server: "CentreServer") -> None:
        server.tells(heart)
        print(json.dumps(server.ports), flush=True)
        heart.ready()

    failures = failures_in(file.folder)  # one for all of the process: its health names whatever fails in it
    with running(file, failures), mailing(file, failures), heart.beating():
        run_centre(file, listens, failures)


@app.command("hub")
def hub(
    name: Annotated[str, typer.Argument(help="a-z, 0-9 and -")],
    config: Config = CENTRE_TOML,
    *,
    host: Annotated[list[str], typer.Option(help="Name or address under which nodes reach the hub; repeatable.")],
    into: Annotated[Path, typer.Option(help="The folder to write; bring it to the hub's machine.")],
) -> None:
    """Make the certificates of a regional hub, for a year. Then name it in [fanout] hubs."""
    from bavn.app.centre.fanout import make_hub
    from bavn.model.sector.member import ACTOR_NAME, is_reserved

    if not ACTOR_NAME.fullmatch(name) or is_reserved(name):
        raise Stop(
            Exit.USAGE,
            Text(
                "no hub can be called {name!r}: 2 to 40 of a-z, 0-9 and -, and no role such as `centre`", name=name[:60]
            ),
        )
    made = make_hub(configured(config), name, tuple(host), into)
    tell(Text("the hub's certificates are in {folder}", folder=made.folder))


@app.command("members")
def members(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """Actors, their state, and how their nodes said they were."""
    with opened(config) as desk:
        rows = [
            {
                "actor": m.actor.name,
                **named(m.actor, "kind", "group", "canary"),
                "state": m.actor.state.value,
                "health": None if m.health is None else iso(m.health.received_us),
                "sensor": None if m.health is None else m.health.sensor,
                "queue": None if m.health is None else m.health.queue_messages,
                "forms": None if m.health is None else m.health.forms,
                "functions": list(m.role.functions),
                "suppliers": list(m.role.suppliers),
            }
            for m in desk.members()
        ]
    show(rows, as_json=as_json)


@app.command("rounds")
def rounds(config: Config = CENTRE_TOML, *, as_json: AsJson = False, limit: int = 20) -> None:
    """The latest rounds: who took part, what was learned."""
    with opened(config) as desk:
        rows = [
            {
                "round": s.round.id,
                "tier": s.round.params.tier,
                "t": s.round.params.t,
                "opened": iso(s.round.opened_us),
                "phase": s.round.phase.value,
                "uploaded": list(s.uploaded),
                "turned_away": [list(entry) for entry in s.turned_away],
                "quarantined": s.quarantined,
                "elements_max": s.round.params.m,
                "upload_bytes": s.round.params.upload_bytes,
                "ended": None if s.round.ended_us is None else iso(s.round.ended_us),
                "cpu_s": s.round.cpu_ms / 1000,
            }
            for s in desk.rounds(limit)
        ]
    show(rows, as_json=as_json)


@app.command("ledger")
def ledger(
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    out: Out = False,
    refused: RefusedOnly = False,
    verify: Verify = False,
    limit: Limit = 200,
) -> None:
    """Every item that met the centre's gates: what came in, what went out, what was refused, and why."""
    show_ledger(centre_book(config), as_json=as_json, out=out, refused=refused, verify=verify, limit=limit)


@app.command("quarantine")
def quarantine(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """Cells whose holders named different values: somebody is wrong or lies, so nothing of them is used."""
    with opened(config) as desk:
        rows = [
            {"round": q.round_id, "table": q.table, "bin": q.bin, "named": dict(q.named)} for q in desk.quarantine()
        ]
    show(rows, as_json=as_json)


@app.command("cases")
def cases(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """All cases, the latest first."""
    with opened(config) as desk:
        rows = [
            {
                "case": c.id,
                "state": c.state.value,
                "score": round(c.score, 3),
                "owner": c.owner,
                "opened": iso(c.opened_us),
                "observables": [str(e.observable) for e in c.facts.elements],
            }
            for c in desk.cases.every()
        ]
    show(rows, as_json=as_json)


@app.command("indicators")
def indicators(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """Released indicators, and what became of each at every actor."""
    from bavn.app.cli.centre.ask import unanswered

    with opened(config) as desk:
        rows = [
            {
                "indicator": v.kept.indicator.id,
                "observable": str(v.kept.indicator.observable),
                "until": iso(v.kept.indicator.valid_until_us),
                "revoked": v.kept.indicator.revoked,
                "actors": {
                    a.actor: {
                        "state": a.state,
                        "enforcers": list(a.enforcers),
                        "rule": a.rule,
                        "not_carried_by": list(a.not_carried),
                        "held": a.held,
                        "enforced": None if a.enforced_us is None else iso(a.enforced_us),
                    }
                    for a in v.actors
                },
                "sightings": [
                    {
                        **named(s, "actor", "kind", "count_bucket"),
                        "first": None if s.first_hour is None else iso(s.first_hour * HOUR_US),
                    }
                    for s in desk.deliveries.sightings(v.kept.indicator.id)
                ],
                "retro_unanswered": unanswered(v.actors, desk.deliveries.sightings(v.kept.indicator.id)),
                "clock": {
                    name: None if at is None else iso(at) for name, at in desk.times.clock(v.kept.indicator.id).steps
                },
            }
            for v in desk.indicators()
        ]
    show(rows, as_json=as_json)


@app.command("audit")
def audit(config: Config = CENTRE_TOML, *, verify: bool = False) -> None:
    """Export the audit log, one JSON object a line; --verify walks its hash chain."""
    with opened(config) as desk:
        bad = desk.audit_verify() if verify else None
        if not verify:
            for line in desk.audit_export():
                print(line)
    if bad is not None:
        raise Stop(Exit.BROKEN, Text("the audit log's chain breaks: {bad}", bad=bad))
    if verify:
        tell(Text("the chain holds"))
