"""What the pages say can be done: each link leads somewhere, each command and option exists, each example is read."""

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path

import pytest
import typer.main

from bavn.app.cli.main import app
from bavn.app.config.load import KEYHOLDER_TABLES, NODE_TABLES, POLICY_TABLES
from bavn.app.docs.pages import CENTRE_TABLES
from bavn.model.settings import settings_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:\.venv/bin/)?bavn [^`]+)`")
STARTS = ("bavn ", ".venv/bin/bavn ")
FILES = (NODE_TABLES, POLICY_TABLES, CENTRE_TABLES, KEYHOLDER_TABLES)


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def root():
    return typer.main.get_command(app)


def lines_of(text):
    """Every command line of `bavn` that stands in a fence, and every one in running text."""
    for language, block in FENCE.findall(text):
        if language in ("sh", "bash", ""):
            for line in block.replace("\\\n", " ").splitlines():
                words = re.sub(r"^(?:\s*[A-Z_]+=\S+)*\s*(?:nohup |ExecStart=|\$ )?", "", line)
                if words.startswith(STARTS):
                    yield re.match(r"""(?:"[^"]*"|'[^']*'|[^"'#|;<>&]|(?<=\S)#)*""", words)[0]
    for found in INLINE.findall(FENCE.sub("", text)):
        yield re.sub(r"\s+", " ", found)


def wrong_with(line):
    """What the line asks for that there is not; None where all of it is there."""
    try:
        words = shlex.split(line.replace("...", "X").replace("…", "X"))[1:]
    except ValueError as error:
        return str(error)
    at, seen = root(), ["bavn"]
    while words and hasattr(at, "commands") and not words[0].startswith("-"):
        found = at.commands.get(words[0].rstrip(",.:"))
        if found is None:
            return None if words[0].isupper() or words[0] == "X" else f"{' '.join(seen)} has no {words[0]!r}"
        seen.append(words.pop(0))
        at = found
    known = {name for parameter in at.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    strange = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return next((f"{' '.join(seen)} has no {word}" for word in strange if word not in known), None)


def test_the_pages_hold_commands_at_all() -> None:
    assert sum(1 for name in NAMES for _ in lines_of(text_of(name))) > 200
    assert wrong_with("bavn node blockz") == "bavn node has no 'blockz'"
    assert wrong_with("bavn node blocks --colour x") == "bavn node blocks has no --colour"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_a_page_names_is_there(name) -> None:
    assert [f"{line}: {said}" for line in lines_of(text_of(name)) if (said := wrong_with(line))] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_page_and_to_a_heading_of_it(name) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(name))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        to = (ROOT / name).parent / path if path else ROOT / name
        if not to.exists() or (anchor and anchor not in anchors(to)):
            lost.append(link)
    assert lost == []


def anchors(page):
    """The anchors that headings get: lower case, blanks as hyphens, no punctuation."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_every_example_of_a_configuration_is_read_and_names_settings_that_are_there(name) -> None:
    for language, block in FENCE.findall(text_of(name)):
        if language != "toml":
            continue
        given = tomllib.loads(block)
        for table, settings in given.items():
            known = {name for tables in FILES if table in tables for name in settings_of(tables[table])}
            if known and isinstance(settings, dict):
                assert [key for key in settings if key not in known] == [], f"[{table}]"
