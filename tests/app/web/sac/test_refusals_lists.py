"""What the rooms of indicators, members, partners, sources and questions refuse is a message, for each language."""

from pathlib import Path

import bavn
from tests.app.web.sac.test_refusals import raised

ROOT = Path(bavn.__file__).parent
FILES = (
    "centre/cases/indicators/indicators",
    "centre/cases/indicators/steps",
    "centre/cases/indicators/upkeep",
    "centre/cases/policies",
    "centre/cases/questions",
    "centre/cases/sector_switch",
    "centre/cases/intelligence/proposals",
    "centre/cases/intelligence/sources",
    *(f"centre/members/{one}" for one in ("registry", "enrolment", "roles", "partners", "partner_credentials")),
    "centre/desk/membership",
    "centre/node/intelligence",
    *(f"model/sector/{one}" for one in ("indicator_life", "partner", "intel")),
    *(f"centre/publish/{one}" for one in ("editions", "edit", "life")),
)
REFUSES = {
    "NotAllowed",
    "ValueError",
    "UnknownLife",
    "ChangedInBetween",
    "UnknownPolicy",
    "UnknownQuestion",
    "UnknownActor",
    "UnknownProposal",
    "BadSource",
    "UnknownSource",
    "NotInState",
    "CannotAdd",
    "BadRole",
    "UnknownPartner",
    "BadPartner",
    "NotNow",
    "UnknownEdition",
    "NotYours",
    "ChangedMeanwhile",
    "NoSuchAct",
}


def test_every_refusal_is_a_message_and_its_facts() -> None:
    found = [raised(ROOT / f"{file}.py", REFUSES) for file in FILES]
    assert [one for _, only in found for one in only] == []
    assert len({one for said, _ in found for one in said}) > 60
