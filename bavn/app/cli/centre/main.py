"""`bavn centre`: set up, invite, run, and work with leads, cases and indicators."""

import json
import os
from typing import TYPE_CHECKING, Final

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, configured, named, opened
from bavn.app.cli.gates import centre_book
from bavn.app.cli.help import Commands
from bavn.app.cli.language import tell
from bavn.app.cli.later import commands_in, later
from bavn.app.cli.ledger import Limit, Out, RefusedOnly, Verify, show_ledger
from bavn.app.cli.shown import AsJson, show
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import HOUR_US, iso
from bavn.model.text import Text

if TYPE_CHECKING:
    from bavn.app.centre.server import CentreServer

COMMANDS: Final = commands_in(
    "bavn.app.cli.centre",
    {
        "rollout.member": ("invite", "revoke"),
        "rounds.round": ("rounds",),
        "ask": ("ask", "questions", "approve_question", "end_question"),
        "intel.exchange": ("export", "offers"),
        "intel.proposals": ("proposals",),
        "intel.misp": ("misp_feed",),
        "leads": ("leads", "laws"),
        "store": ("upgrade", "backup", "restore"),
        "casework": ("case",),
        "remind": ("remind",),
        "alarms": ("alarms", "coverage"),
        "publish": ("publication", "publication_send"),
        "rollout.accept": ("accept",),
        "clock": ("clock", "kill_switch"),
        "value": ("value",),
        "rounds.counts": ("counts",),
        "set_aside": ("set_aside",),
        "rounds.log": ("log",),
        "rounds.round_audit": ("round_audit",),
    },
) | {
    "health": "bavn.app.cli.service_health:centre_health",
    "failures": "bavn.app.cli.failures:centre_failures",
    "gates": "bavn.app.cli.gates:centre_gates",
    "waiting": "bavn.app.cli.centre.waiting:centre_waiting",
    "console": "bavn.app.cli.console:centre_console",
}
GROUPS: Final = {
    "policy": "bavn.app.cli.centre.policy:app",
    "member": "bavn.app.cli.centre.rollout.member:app",
    "partner": "bavn.app.cli.centre.intel.partner:app",
    "source": "bavn.app.cli.centre.intel.source:app",
    "misp": "bavn.app.cli.centre.intel.misp:group",
    "rollout": "bavn.app.cli.centre.rollout.main:app",
    "indicator": "bavn.app.cli.centre.indicator:app",
    "warning": "bavn.app.cli.centre.warning:app",
    "account": "bavn.app.cli.account:sac",
}
SECTIONS: Final = {
    Text("What waits, and leads"): (*("waiting", "leads", "value", "laws"),),
    Text("Cases"): ("cases", "case", "remind"),
    Text("Protection"): ("indicator", "indicators", "policy", "clock", "kill-switch"),
    Text("Ask and warn"): ("ask", "questions", "approve-question", "end-question", "warning"),
    Text("Sources and partners"): (*("source", "partner", "proposals", "offers", "export", "misp", "misp-feed"),),
    Text("What the sector reads"): ("publication", "publication-send"),
    Text("Members"): ("rollout", "invite", "accept", "members", "member", "revoke"),
    Text("Whether it can be trusted"): (*("rounds", "round-audit", "counts", "quarantine", "ledger", "audit", "log"),),
    Text("Whether it runs well"): (*("health", "alarms", "coverage", "failures", "set-aside", "gates"),),
    Text("Set up and keep running"): (*("init", "run", "console", "account", "upgrade", "backup", "restore"),),
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
