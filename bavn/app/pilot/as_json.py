"""A pilot's facts for machines: every figure of the report, and all that the report cuts short."""

from typing import Any

from bavn.app.pilot.facts import PilotFacts, SectorLead, blind, missing_kinds
from bavn.app.pilot.play import Decision
from bavn.app.pilot.reading import ReadActor
from bavn.app.pilot.report import headline
from bavn.model.moment import iso
from bavn.model.text import Language


def as_json(facts: PilotFacts, language: Language) -> dict[str, Any]:
    """Sentences are in the language, all else is the same in each."""
    sector = facts.sector
    return {
        "first": headline(facts)[0].say(language),
        "actors": [_actor(facts, actor, language) for actor in facts.actors],
        "beside": [{"file": file, "why": why.say(language)} for file, why in facts.beside],
        "apart": [list(pair) for pair in facts.apart()],
        "leads": [_lead(lead, language) for lead in facts.leads],
        "weaker_leads": facts.weaker,
        "left": [
            {"class": kind.privacy.value, "kind": kind.kind, "messages": kind.count, "bytes": kind.bytes}
            for kind in facts.left_kinds()
        ],
        "decisions": [_decision(decision, language) for decision in facts.decisions],
        "quiet_members": sector.quiet if sector else 0,
        "settled": sector.settled if sector else True,
        "ledgers_hold": sector.chains if sector else True,
    }


def _actor(facts: PilotFacts, actor: ReadActor, language: Language) -> dict[str, Any]:
    findings = actor.findings
    count, size = facts.left_bytes(actor.name)
    unread = [{"file": file.source, "why": file.reason.say(language)} for file in actor.unread]
    if findings is None:
        return {"actor": actor.name, "folder": str(actor.folder.path), "read": False, "unread": unread}
    unread += [{"file": file.file, "why": file.why.say(language)} for file in findings.refusals if not file.line]
    unread += [{"file": file.file, "why": file.summary().say(language)} for file in findings.inputs if file.partly_read]
    return {
        "actor": actor.name,
        "folder": str(actor.folder.path),
        "read": True,
        "records": findings.rows,
        "refused": findings.refused,
        "own_hosts": findings.hosts,
        "first": iso(findings.first_us),
        "last": iso(findings.last_us),
        "moved_days": facts.moved_days.get(actor.name, 0),
        "by_kind": dict(sorted(actor.rows.items())),
        "missing_kinds": list(missing_kinds(actor.rows)),
        "blind_detectors": list(blind(actor.rows)),
        "failed_detectors": list(findings.failed),
        "suspicions": [
            {
                "rank": place.rank,
                "above_alert_line": place.above,
                "detector": place.suspicion.detector,
                "host": place.suspicion.host,
                "peer": place.suspicion.peer,
                "p": place.suspicion.p,
                "what": place.suspicion.headline.say(language),
                "told": _at(findings.told_us.get(place.suspicion.id)),
            }
            for place in findings.suspicions
        ],
        "unread": unread,
        "left_messages": count,
        "left_bytes": size,
        "named": [word for group in facts.left(actor.name).classes for word in group.named],
    }


def _lead(lead: SectorLead, language: Language) -> dict[str, Any]:
    view = lead.seen.view
    return {
        "lead": view.lead.id,
        "only_sector": lead.only_sector,
        "score": round(view.lead.score, 2),
        "observables": [str(observable) for observable in view.lead.observables],
        "why": lead.seen.words.opening.say(language),
        "evidence": [sentence.say(language) for sentence in lead.seen.words.evidence],
        "against": [sentence.say(language) for sentence in lead.seen.words.against],
        "known": _at(view.first_us),
        "alone": [
            {
                "actor": where.actor,
                "rank": where.rank or None,
                "above_alert_line": where.above,
                "could_have_known": _at(where.told_us),
            }
            for where in lead.alone
        ],
    }


def _decision(decision: Decision, language: Language) -> dict[str, Any]:
    return {
        "actor": decision.actor,
        "observable": str(decision.observable),
        "act": decision.act,
        "standing": decision.standing,
        "why": None if decision.why is None else decision.why.say(language),
        "at": _at(decision.at_us),
        "own_hosts": decision.found.hosts,
        "hosts": list(decision.hosts),
        "records": decision.found.hits,
        "days": decision.found.days,
        "known_services": [service.what for service in decision.services if service.known],
    }


def _at(us: int | None) -> str | None:
    return None if us is None else iso(us)
