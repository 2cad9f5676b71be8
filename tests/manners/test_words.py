"""Every sentence of the code is in every catalogue, whole: none missing, fuzzy or left over, each with its holes."""

import ast
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from bavn.model.catalogue import ENGLISH, LOCALE, languages
from build_words import documented

ROOT = Path(__file__).resolve().parents[2]
OTHERS = languages()[1:]
BEGUN = {
    "sv": (
        "bavn/app/cli/analyse.py",
        "bavn/app/cli/node/",
        "bavn/app/node/",
        "bavn/app/net/",
        "bavn/app/policy/",
        "bavn/actor/protect/",
        "bavn/app/cli/words.py",
        "bavn/app/cli/config.py",
        "bavn/app/cli/fit.py",
        "bavn/app/config/",
        "bavn/app/process/",
        "bavn/app/analyst/",
        "bavn/actor/door/",
        "bavn/actor/hunt/",
        "documented/reason",
        "documented/column",
        "documented/in a refusal",
        "bavn/app/cli/attach.py",
        "bavn/app/cli/operator.py",
        "bavn/actor/detect/",
        "bavn/actor/assets/",
        "bavn/model/health.py",
        *(
            f"bavn/model/sector/{one}.py"
            for one in (
                "alarm",
                "canary",
                "case",
                "exercise",
                "functions",
                "sector_warning",
                "tally",
                "verdict",
                "work",
            )
        ),
    ),
}
"""Languages that are not whole yet, with the rooms whose sentences they have; elsewhere they are said in English."""
FEWER = {"{lines} records ({level}); {detector} concludes the same from them alone (p {p:.2g}). Look"}
"""How messages begin whose Danish leaves out a hole: the level has no Danish word yet."""


def calls():
    """(place, name of the call, call) of everything that makes a Text."""
    for path in sorted((*ROOT.glob("bavn/**/*.py"), *ROOT.glob("bavn_lab/**/*.py"))):
        source = path.read_text("utf-8")
        if "model.text import" not in source and path != ROOT / "bavn/model/text.py":
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("Text", "Text.in_context"):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", name, node


CALLS = list(calls())


def words(call):
    """The constant positional arguments."""
    return [arg.value for arg in call.args if isinstance(arg, ast.Constant)]


def messages():
    """(context, message) to the places that say it."""
    found = {(context or None, said): [f"documented/{context}"] for context, said in documented()}
    for place, name, call in CALLS:
        given = words(call)
        if name == "Text" and len(given) == len(call.args) == 1:
            found.setdefault((None, given[0]), []).append(place)
        elif name == "Text.in_context" and len(given) == 2:
            found.setdefault((given[0], given[1]), []).append(place)
    return found


def catalogue(language):
    with (LOCALE / language / "LC_MESSAGES/bavn.po").open("rb") as file:
        return read_po(file, locale=language, domain="bavn", abort_invalid=True)


def holes(text):
    """The names of a message's holes, each with how it is written."""
    return {(name, form, how) for _, name, form, how in string.Formatter().parse(text) if name is not None}


def test_a_message_is_one_constant_that_the_tools_find():
    wrong = [
        place
        for place, name, call in CALLS
        if len(words(call)) != len(call.args) or len(call.args) != (2 if name == "Text.in_context" else 1)
    ]
    assert not wrong


def test_facts_are_those_that_the_message_names():
    wrong = []
    for place, _, call in CALLS:
        given = words(call)
        facts = {one.arg for one in call.keywords}
        if facts and facts != {hole[0] for hole in holes(given[-1])}:
            wrong.append(place)
    assert not wrong


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_in_the_catalogue_and_nothing_else(language):
    said = messages()
    there = {(one.context, one.id) for one in catalogue(language) if one.id}
    assert not {key: places[0] for key, places in said.items() if key not in there}, "script/words update"
    assert not there - set(said), "script/words update"


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_with_the_same_holes(language):
    said = messages()
    for one in catalogue(language):
        if not one.id:
            continue
        assert not one.fuzzy, one.id
        if language in BEGUN and not any(place.startswith(BEGUN[language]) for place in said[(one.context, one.id)]):
            continue
        assert one.string, f"{language} lacks {one.id!r}"
        if one.python_brace_format and "{" in one.id.replace("{{", ""):
            assert holes(one.string) == holes(one.id) or one.id.startswith(tuple(FEWER)), one.id


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_is_written_as_the_tools_write_it(language, tmp_path):
    known = catalogue(language)
    assert not known.obsolete
    with (tmp_path / "again.po").open("wb") as file:
        write_po(file, known, width=120, sort_output=True)
    assert (tmp_path / "again.po").read_bytes() == (LOCALE / language / "LC_MESSAGES/bavn.po").read_bytes()


def test_english_has_no_catalogue():
    assert not (LOCALE / ENGLISH).exists()
