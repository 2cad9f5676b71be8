"""What the rooms of indicators, members, partners, sources and questions refuse is known in Danish, too."""

import ast
from pathlib import Path

import pytest

import bavn
from bavn.app.web.sac.refusals.answers import said
from tests.app.web.sac.test_refusals import texts

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


def raised() -> list[str]:
    found = set()
    for file in FILES:
        for node in ast.walk(ast.parse((ROOT / f"{file}.py").read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in REFUSES and call.args:
                found.add(texts(call.args[0]))
    return sorted(found - {""})


def test_these_rooms_do_refuse_things() -> None:
    assert len(raised()) > 60


@pytest.mark.parametrize("english", raised())
def test_every_refusal_is_known_in_danish(english) -> None:
    told = said(english.replace("{}", "x1"))
    assert told.da != told.en, f"refusal_words_lists.py has no Danish for {english!r}"
