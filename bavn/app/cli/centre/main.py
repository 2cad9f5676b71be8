"""`bavn centre`: set up, invite, run, and work with leads, cases and indicators."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bavn.app.access.rights import Right
from bavn.app.cli import accept, account, console, failures, gates, service_health
from bavn.app.cli.centre import (
    alarms,
    benchmark,
    casework,
    clock,
    counts,
    exercise,
    indicator,
    leads,
    nis2,
    policy,
    publish,
    remind,
    set_aside,
    threat,
    warning,
)
from bavn.app.cli.centre import ask as asking
from bavn.app.cli.centre import round as centre_round
from bavn.app.cli.centre import store as centre_store
from bavn.app.cli.centre.desk import CENTRE_TOML, AsJson, By, ByMembers, Config, Spoken, opened, show
from bavn.app.cli.centre.intel import exchange, misp, partner, proposals, source
from bavn.app.cli.centre.person import AsLocalRoot, instead, needs
from bavn.app.cli.centre.rollout import files as rollout_files
from bavn.app.cli.centre.rollout import member, rollout
from bavn.app.cli.centre.rollout import terms as rollout_terms
from bavn.app.cli.ledger import Limit, Out, RefusedOnly, Verify, show_ledger
from bavn.app.process.exits import Exit, Stop
from bavn.model.moment import HOUR_US, iso
from bavn.model.principal import two_people
from bavn.model.sector.case import CaseAct
from bavn.model.sector.member import ActorKind

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The sector analysis centre.")
app.add_typer(policy.app, name="policy")
app.command("round")(centre_round.round_)
asking.attach(app)
app.add_typer(nis2.app, name="nis2")
app.add_typer(member.app, name="member")
app.add_typer(partner.app, name="partner")
exchange.attach(app)
app.add_typer(source.app, name="source")
proposals.attach(app)
misp.attach(app)
leads.attach(app)
centre_store.attach(app)
casework.attach(app)
remind.attach(app)
alarms.attach(app)
publish.attach(app)
app.add_typer(threat.app, name="threat")
benchmark.attach(app)
rollout_files.attach(rollout.app)
rollout_terms.attach(rollout.app)
rollout.attach(app)
accept.attach_centre(app)
app.add_typer(indicator.app, name="indicator")
app.add_typer(warning.app, name="warning")
app.add_typer(exercise.app, name="exercise")
clock.attach(app)
app.command("counts")(counts.counts)
app.command("health")(service_health.health_command("centre.toml", service_health.centre_file))
app.command("set-aside")(set_aside.set_aside)
app.command("failures")(failures.failures_command("centre.toml", failures.centre_folder))
app.command("gates")(gates.gates_command("centre.toml", gates.centre_book))
app.command("open-gate")(gates.open_gate_command("centre.toml", gates.centre_book))
app.command("console")(console.centre_console)
app.add_typer(account.group("sac"), name="account")


@app.command("init")
def init(config: Config = CENTRE_TOML) -> None:
    """Make the sector's authority and the centre's keys, once."""
    from bavn.app.centre.parts import init as make
    from bavn.app.config.load import read_centre

    keys = make(read_centre(config))
    print(f"authority and keys are in {keys.folder}\npin for nodes: {keys.authority().fingerprint}")


@app.command("invite")
def invite(
    actor: Annotated[str, typer.Argument(help="a-z, 0-9 and -, such as region-nord")],
    config: Config = CENTRE_TOML,
    *,
    kind: Annotated[ActorKind, typer.Option(help="What sort of organisation it is.")] = "other",
    group: Annotated[
        str, typer.Option(help="Vendor, host or operator that it shares with others; they count as one.")
    ] = "",
    by: ByMembers = "",
    as_json: AsJson = False,
) -> None:
    """Invite an actor: prints a one-time token and the pin. Hand both over outside Bavn."""
    from bavn.app.cli.centre.rollout.member import membership
    from bavn.centre.cases.who import NotAllowed
    from bavn.centre.members.registry import CannotAdd

    with membership(config) as (members_, enrolment):
        try:
            token, pin = members_.invite(actor, by, kind=kind, group=group), enrolment.authority.fingerprint
        except CannotAdd as error:
            raise Stop(Exit.USAGE, str(error)) from error
        except NotAllowed as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
    if as_json:
        print(json.dumps({"actor": actor, "token": token, "pin": pin}))
    else:
        print(f"actor: {actor}\ntoken: {token}\npin:   {pin}\nThe token works once, for one day.")


@app.command("revoke")
def revoke(
    actor: str, config: Config = CENTRE_TOML, *, by: ByMembers = "", why: member.Why = "shut out by the operator"
) -> None:
    """Shut an actor out, at once and for good."""
    member.step("revoke", actor, config, by, why)
    print(f"{actor} is shut out")


@app.command("run")
def run(config: Config = CENTRE_TOML) -> None:
    """Run the centre until SIGTERM or Ctrl-C. Prints the port it listens on."""
    from bavn.app.centre.reminding import running
    from bavn.app.centre.run import run as run_centre
    from bavn.app.centre.warning_mail import mailing
    from bavn.app.config.load import read_centre
    from bavn.app.process.failure_folder import failures_in

    file = read_centre(config)
    failures = failures_in(file.folder)  # one for all of the process: its health names whatever fails in it
    with running(file, failures), mailing(file, failures):
        run_centre(file, lambda server: print(json.dumps(server.ports), flush=True), failures)


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
    from bavn.app.config.load import read_centre
    from bavn.model.sector.member import ACTOR_NAME

    if not ACTOR_NAME.fullmatch(name) or name == "centre":
        raise Stop(Exit.USAGE, f"no hub can be called {name[:60]!r}: 2 to 40 of a-z, 0-9 and -, and not `centre`")
    made = make_hub(read_centre(config), name, tuple(host), into)
    print(f"the hub's certificates are in {made.folder}")


@app.command("members")
def members(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """Actors, their state, and how their nodes said they were."""
    with opened(config) as desk:
        rows = [
            {
                "actor": m.actor.name,
                "kind": m.actor.kind,
                "group": m.actor.group,
                "canary": m.actor.canary,
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
    from bavn.app.centre.parts import BOOK_FILE
    from bavn.app.config.load import read_centre

    book = read_centre(config).folder / BOOK_FILE
    show_ledger(book, as_json=as_json, out=out, refused=refused, verify=verify, limit=limit)


@app.command("quarantine")
def quarantine(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """Cells whose holders named different values: somebody is wrong or lies, so nothing of them is used."""
    with opened(config) as desk:
        rows = [
            {"round": q.round_id, "table": q.table, "bin": q.bin, "named": dict(q.named)} for q in desk.quarantine()
        ]
    show(rows, as_json=as_json)


@app.command("open-case")
def open_case(
    lead: Annotated[str, typer.Argument(help="lead-..., as `bavn centre leads --json` names it")],
    config: Config = CENTRE_TOML,
    *,
    by: By = "",
) -> None:
    """Make a case of a lead that is below the line; prints the lead's case if it has one."""
    from bavn.centre.cases.who import NotAllowed
    from bavn.centre.desk.desk import UnknownLead

    with opened(config) as desk:
        try:
            print(desk.open_case(lead, by).id)
        except UnknownLead as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except NotAllowed as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error


@app.command("comment")
def comment(
    case_id: Annotated[str, typer.Argument(help="case-...")],
    text: Annotated[str, typer.Argument(help="What is to be remembered.")],
    config: Config = CENTRE_TOML,
    *,
    by: By = "",
) -> None:
    """Write a remark into a case's history."""
    from bavn.centre.cases.case.cases import UnknownCase
    from bavn.centre.cases.who import NotAllowed

    with opened(config) as desk:
        try:
            desk.cases.comment(case_id, by, text)
        except UnknownCase as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except (NotAllowed, ValueError) as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
    print(f"{case_id}: remembered")


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


@app.command("case")
def case(
    case_id: Annotated[str, typer.Argument(help="case-...")],
    act: Annotated[CaseAct | None, typer.Argument(help="What to do; without it the case is shown.")] = None,
    config: Config = CENTRE_TOML,
    *,
    by: By = "",
    why: Annotated[str, typer.Option(help="The reason; needed for all but `take`.")] = "",
    as_local_root: AsLocalRoot = "",
    seen: casework.Seen = None,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """Show a case and its history, or do a step of its life-cycle."""
    from bavn.centre.cases.case.cases import ChangedMeanwhile, UnknownCase
    from bavn.centre.cases.who import NotAllowed

    if act is CaseAct.RELEASE:
        needs(by, Right.APPROVE)
        by = instead(by, as_local_root)
    with opened(config) as desk:
        try:
            found = desk.cases.case(case_id) if act is None else desk.cases.act(case_id, act, by, why, seen=seen)
            history, marked = desk.cases.audit_lines(case_id), casework.marking_row(desk, case_id, language)
            there = sorted(desk.work.involved.actors(case_id))
            alone = act is CaseAct.RELEASE and not two_people(desk.cases.behind(case_id))
        except UnknownCase as error:
            raise Stop(Exit.NOT_FOUND, str(error)) from error
        except (NotAllowed, ChangedMeanwhile, ValueError) as error:
            raise Stop(Exit.NOT_NOW, str(error)) from error
    row = {
        "case": found.id,
        "lead": found.lead_id,
        "state": found.state.value,
        "score": round(found.score, 3),
        "owner": found.owner,
        "observables": [str(e.observable) for e in found.facts.elements],
    }
    row |= {name: marked[name] for name in ("standing", "tlp", "pap", "rsit", "techniques", "merged_into")}
    row["actors"] = there
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    show([row], as_json=False)
    for line in history:
        print(f"{iso(line.at_us)[:19]}  {line.who:<16} {line.act:<12} {line.detail}")
    if alone:
        print("One person stands behind it: what may block waits until another account says, by its token or key,")
        print(f"    bavn centre indicator release {case_id} --why REASON")


@app.command("indicators")
def indicators(config: Config = CENTRE_TOML, *, as_json: AsJson = False) -> None:
    """Released indicators, and what became of each at every actor."""
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
                        "actor": s.actor,
                        "kind": s.kind,
                        "count_bucket": s.count_bucket,
                        "first": None if s.first_hour is None else iso(s.first_hour * HOUR_US),
                    }
                    for s in desk.deliveries.sightings(v.kept.indicator.id)
                ],
                "retro_unanswered": asking.unanswered(v.actors, desk.deliveries.sightings(v.kept.indicator.id)),
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
        raise Stop(Exit.BROKEN, f"the audit log's chain breaks: {bad}")
    if verify:
        print("the chain holds")
