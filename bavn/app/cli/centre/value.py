"""`bavn centre value`: what the centre knows of one value. It asks no actor and changes nothing."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, opened
from bavn.app.cli.shown import AsJson
from bavn.app.process.exits import Exit, Stop
from bavn.model.intel.spelled import observable_of
from bavn.model.observable import NotCanonical
from bavn.model.sector.case import CASE_WORDS
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.centre.desk.value_facts import ValueFacts


def value(
    what: Annotated[str, typer.Argument(help="A domain, an address, or type:value; defanged spellings, too.")],
    config: Config = CENTRE_TOML,
    *,
    as_json: AsJson = False,
    language: Spoken = "en",
) -> None:
    """What the centre knows of one value: its lead, cases and indicator, who blocks it, what speaks against a block."""
    from bavn.centre.desk.value_facts import value_facts

    try:
        observable = observable_of(what)
    except (NotCanonical, ValueError) as error:
        raise Stop(
            Exit.USAGE, Text("{error}: write a domain, an address or type:value", error=Text.of_error(error))
        ) from error
    with opened(config) as desk:
        facts = value_facts(desk, observable)
    if as_json:
        print(json.dumps(_json(facts, language), ensure_ascii=False))
        return
    print(observable)
    for sentence in (facts.sector, facts.blocks, *facts.against):
        print(sentence.say(language))
    if facts.lead is not None:
        print(f"{facts.lead.id}  {facts.lead.opening.say(language)}")
    for case in facts.cases:
        print(f"{case.id}  {CASE_WORDS[case.state].say(language)}")
    if facts.indicator is not None:
        print(facts.indicator.id)


def _json(facts: "ValueFacts", language: Language) -> dict[str, Any]:
    lead = facts.lead
    return {
        "type": facts.observable.type.value,
        "value": facts.observable.value,
        "sector": facts.sector.say(language),
        "blocks": facts.blocks.say(language),
        "against": [text.say(language) for text in facts.against],
        "lead": None if lead is None else {"id": lead.id, "opening": lead.opening.say(language), "alive": lead.alive},
        "cases": [{"id": case.id, "state": case.state.value} for case in facts.cases],
        "indicator": None if facts.indicator is None else facts.indicator.id,
    }
