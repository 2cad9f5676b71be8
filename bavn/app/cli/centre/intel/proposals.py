"""`bavn centre proposals`: what sources outside the sector propose. People decide in the console."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken
from bavn.app.cli.centre.intel.source import opened_intelligence
from bavn.app.cli.centre.intel.words import show_spoken
from bavn.app.cli.shown import AsJson
from bavn.model.intel.spelled import observable_of
from bavn.model.moment import iso
from bavn.model.sector.tally import technique_words
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.cases.intelligence.confidence import Confidence
    from bavn.centre.cases.intelligence.proposals import Proposal

STATES = {
    "proposed": Text("proposed"),
    "case": Text("case"),
    "dismissed": Text("dismissed"),
}
GONE = {
    "": Text("claimed"),
    "withdrawn": Text("withdrawn"),
    "over": Text("aged"),
}


def proposals(
    indicator: Annotated[
        str, typer.Argument(help="type:value, or a plain address, domain, hash or fingerprint: who claims what of it.")
    ] = "",
    config: Config = CENTRE_TOML,
    *,
    state: Annotated[Literal["proposed", "case", "dismissed"], typer.Option(help="How they stand.")] = "proposed",
    source: Annotated[str, typer.Option(help="Only what this source claims.")] = "",
    met: Annotated[bool, typer.Option("--met", help="Only what some actor met.")] = False,
    limit: int = 20,
    language: Spoken = "en",
    as_json: AsJson = False,
) -> None:
    """What is proposed: first what actors met, then what most sources name, then the newest; or who claims what of one
    indicator."""
    with opened_intelligence(config) as (intelligence, _):
        if indicator:
            known = intelligence.proposals.get(observable_of(indicator))
            _show_one(known, _row(known, intelligence.weight(known), language), language, as_json=as_json)
            return
        standings = intelligence.statuses()
        rows = [
            _row(one, intelligence.weight(one, standings), language)
            for one in intelligence.proposals.every(limit, state=state, source=source, met=met)
        ]
    show_spoken(rows, as_json=as_json, language=language)


def _show_one(known: "Proposal", row: dict[str, Any], language: Language, *, as_json: bool) -> None:
    claims = [
        {
            "source": claim.source,
            "says": GONE[claim.gone].say(language),
            "confidence": claim.claim.confidence,
            "tlp": claim.claim.tlp.value,
            "pap": f"PAP:{claim.claim.pap.name}",
            "first_heard": _day(claim.first_us),
            "last_heard": _day(claim.last_us),
            "until": _day(claim.until_us),
            "technique": claim.claim.technique
            if as_json or not claim.claim.technique
            else technique_words(claim.claim.technique).say(language),
            "about": claim.claim.about,
        }
        for claim in known.claims
    ]
    if as_json:
        show_spoken([row | {"claims": claims, "why": known.why, "by": known.by}], as_json=True, language=language)
        return
    show_spoken([row], as_json=False, language=language)
    show_spoken(claims, as_json=False, language=language)


def _row(proposal: "Proposal", weight: "Confidence", language: Language) -> dict[str, Any]:
    return {
        "indicator": str(proposal.observable),
        "state": STATES[proposal.state].say(language),
        "confidence": weight.confidence,
        "sources": sorted({claim.source for claim in proposal.live}),
        "met_by": dict(proposal.met),
        "listed": list(proposal.listed),
        "tlp": weight.tlp.value,
        "pap": f"PAP:{weight.pap.name}",
        "first": _day(proposal.first_us),
        "case": proposal.case_id,
    }


def _day(us: int) -> str:
    return f"{iso(us)[:16]}Z"
