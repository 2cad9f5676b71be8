"""Puts together what the site is built of: the pages of docs/ and of the project, pictures, and the site's settings.

    python packaging/site/assemble.py FOLDER [PICTURES]

The pages stay as they are in the repository, where they are read too; here links between them are bent to where each
lies in the site, and a link to a file of the code, which the site does not hold, becomes its name. The order of pages
is that of docs/README.md. PICTURES: a folder of pictures of the consoles, as the tests of pages make them; without it
the site has none.
"""

import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PROJECT = (
    "README",
    "ARCHITECTURE",
    "CONTRIBUTING",
    "GOVERNANCE",
    "ROADMAP",
    "ADOPTERS",
    "SECURITY",
    "CODE_OF_CONDUCT",
    "CHANGELOG",
)
"""The repository's own pages that are part of the site."""
DANISH = ROOT / "docs/resume.md"
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1[ ]*$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
PICTURES = {
    "met.png": "twelve-what_hit_us-keys-en.png",
    "believed.png": "twelve-why_it_is_believed-mouse-en.png",
    "left.png": "twelve-what_left_us_last_week-mouse-en.png",
}
"""A picture of the front page -> which one of the tests it is."""


def assemble(folder: Path, pictures: Path | None) -> None:
    """Fills the folder. Raises SystemExit where a picture or a page that is linked to is missing."""
    pages = dict(site_pages())
    for source, place in pages.items():
        file = folder / "pages" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(bent(source, pages), encoding="utf-8")
    for source in sorted((ROOT / "docs").rglob("*")):
        if source.suffix in {".svg", ".json"}:
            file = folder / "pages" / source.relative_to(ROOT / "docs")
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, file)
    (folder / "pages/decisions/index.md").write_text(decisions(), encoding="utf-8")
    for name in ("site.css", "zensical.toml"):
        shutil.copyfile(HERE / name, folder / ("pages" if name.endswith(".css") else "") / name)
    shutil.copyfile(ROOT / "console/public/mark.svg", folder / "pages/mark.svg")
    settings = folder / "zensical.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("nav = []", nav(pages)), encoding="utf-8")
    shown(folder / "pages", pictures)


def site_pages() -> Iterator[tuple[Path, str]]:
    """Where each page of the repository lies in the site."""
    yield HERE / "front.md", "index.md"
    for source in sorted((ROOT / "docs").rglob("*.md")):
        place = source.relative_to(ROOT / "docs").as_posix()
        yield source, "pages.md" if place == "README.md" else place.replace("README.md", "index.md")
    for name in PROJECT:
        yield ROOT / f"{name}.md", f"project/{name.lower().replace('_', '-')}.md"


def bent(source: Path, pages: dict[Path, str]) -> str:
    """The page with its links as they lead in the site."""
    text = source.read_text(encoding="utf-8")
    where = posixpath.dirname(pages[source])

    def link(found: re.Match[str]) -> str:
        shows, words, target = found.groups()
        path, _, anchor = target.partition("#")
        if not path or ":" in path:
            return found[0]
        there = (source.parent / path).resolve()
        if there == ROOT / "docs/decisions":
            place = "decisions/index.md"
        elif there in pages:
            place = pages[there]
        elif there.is_relative_to(ROOT / "docs") and there.is_file():
            place = there.relative_to(ROOT / "docs").as_posix()
        elif source == HERE / "front.md" and path.startswith("pictures/"):
            place = path
        elif there.exists():
            return words if words.startswith("`") else f"`{words}`"
        else:
            raise SystemExit(f"{source.relative_to(ROOT)} leads to {target}, which is not there")
        leads = posixpath.relpath(place, where or ".") + (f"#{anchor}" if anchor else "")
        return f"{shows}[{words}]({leads})"

    page = outside_of_code(text, lambda part: LINK.sub(link, part))
    return f'<div lang="da" markdown="1">\n\n{page}\n\n</div>\n' if source == DANISH else page


def outside_of_code(text: str, change: Callable[[str], str]) -> str:
    """The text, changed wherever it is not the inside of a fence."""
    parts, at = [], 0
    for fence in FENCE.finditer(text):
        parts += [change(text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, change(text[at:])])


def title(source: Path) -> str:
    """What a page calls itself."""
    found = re.search(r"^# (.+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{source.relative_to(ROOT)} has no title")
    return re.sub(r"[`*]", "", found[1])


def decisions() -> str:
    """The list of what was decided, by number."""
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    return "# Decisions\n\nWhat was decided, and why.\n\n" + "".join(
        f"- [{title(one)}]({one.name})\n" for one in records
    )


def nav(pages: dict[Path, str]) -> str:
    """The site's contents, as docs/README.md orders them; each page stands where a reader meets it first."""
    index = ROOT / "docs/README.md"
    seen = {index, DANISH}
    front = [("Bavn", "index.md"), ("På dansk, kort", pages[DANISH]), ("All pages, by reader", "pages.md")]
    lines = [f'  {{ "{name}" = "{place}" }},' for name, place in front]
    parts = HEADING.split(index.read_text(encoding="utf-8"))
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        listed = []
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            there = (index.parent / target).resolve()
            if there == ROOT / "docs/decisions":
                listed.append(("Decisions", "decisions/index.md"))
            elif there in pages and there not in seen:
                seen.add(there)
                listed.append((title(there), pages[there]))
        rows = "".join(f'    {{ "{name}" = "{place}" }},\n' for name, place in listed)
        lines.append(f'  {{ "{heading}" = [\n{rows}  ] }},')
    rows = "".join(
        f'    {{ "{title(ROOT / f"{name}.md")}" = "{pages[ROOT / f"{name}.md"]}" }},\n'
        for name in PROJECT
        if ROOT / f"{name}.md" not in seen
    )
    lines.append(f'  {{ "The project" = [\n{rows}  ] }},')
    return "nav = [\n" + "\n".join(lines) + "\n]"


def shown(pages: Path, pictures: Path | None) -> None:
    """Puts in the pictures; without any, the front page has none."""
    front = pages / "index.md"
    if pictures is None:
        text = re.sub(r"^!\[[^\]]*\]\(pictures/.*$\n*", "", front.read_text(encoding="utf-8"), flags=re.MULTILINE)
        front.write_text(text, encoding="utf-8")
        return
    (pages / "pictures").mkdir()
    for name, source in PICTURES.items():
        if not (pictures / source).is_file():
            raise SystemExit(f"{source} is not in {pictures}: the tests of pages make it (tests/app/web/pages)")
        shutil.copyfile(pictures / source, pages / "pictures" / name)


if __name__ == "__main__":
    assemble(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
