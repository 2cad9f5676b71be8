"""Every page that the consoles register, as their pages.ts say it; read, so that no page is forgotten."""

import re
from dataclasses import dataclass

from tests.app.web.pages.looking import CONSOLE, settled

LINE = re.compile(r"\{\s*path:\s*\"([^\"]+)\",\s*title:\s*\"(\w+)\"(.*?)\}\s*,\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Registered:
    """``path`` with its parameters as :names; ``right``: None where everybody may see it."""

    side: str
    path: str
    title: str
    right: str | None


def registered(side: str) -> list[Registered]:
    """The pages of one console in their order."""
    text = (CONSOLE / side / "pages.ts").read_text(encoding="utf-8")
    found = []
    for path, title, rest in LINE.findall(text):
        right = re.search(r"right:\s*\"([^\"]+)\"", rest)
        found.append(Registered(side, path, title, right and right[1]))
    assert len(found) == text.count("path:"), f"a line of {side}/pages.ts is written in a way that this does not read"
    return found


def deep_link(page, one: Registered) -> str:
    """An address of this page with something in it: what some list of the console leads to, where it has parameters."""
    path = one.path.replace("/nodes/:node", "/nodes/north")
    if ":" not in path:
        return path
    shape = re.compile(re.sub(r":\w+", "[^/?#]+", path))
    lists = [each.path.replace("/nodes/:node", "/nodes/north") for each in registered(one.side)]
    lists = sorted((each for each in lists if ":" not in each), key=lambda each: not path.startswith(each))
    for listed in lists:
        page.goto(listed)
        settled(page)
        for link in page.locator("main a[href]").all():
            address = (link.get_attribute("href") or "").split("?")[0]
            if shape.fullmatch(address):
                return address
    raise AssertionError(f"no list of this console leads to {path}")
