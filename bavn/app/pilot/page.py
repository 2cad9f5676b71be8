"""A pilot's report as one accessible HTML page, and by it as PDF/UA. Refuses to fetch anything, or to show a text
unescaped.
"""

from typing import Any, Final

from bavn import __version__
from bavn.app.pilot.parts import Block, Part, Table
from bavn.app.pilot.report import TITLE, Report
from bavn.app.reports.missing import reports_needed
from bavn.app.reports.page import TEMPLATES
from bavn.app.reports.pdf import pdf
from bavn.model.moment import iso
from bavn.model.text import Language, Text

WORDS: Final = {
    "skip": Text("Skip to the content"),
    "contents": Text("Contents"),
    "made": Text("Made"),
    "version": Text("Version of Bavn"),
    "sector": Text("A pilot on history that was there already, on one machine"),
    "names": Text("This report names own machines: it is for those alone whose folders were read."),
}


def page(report: Report, language: Language, made_us: int) -> str:
    """The whole page. Stop, where a library is missing."""
    with reports_needed():
        import jinja2
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("pilot.html.j2").render(
        language=language,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        words={name: text.say(language) for name, text in WORDS.items()},
        title=TITLE.say(language),
        first=report.first.say(language),
        more=[sentence.say(language) for sentence in report.more],
        made=iso(made_us)[:16].replace("T", " ") + " UTC",
        version=__version__,
        parts=[_part(part, language) for part in report.parts],
    )
    return html + "\n"


def as_pdf(report: Report, language: Language, made_us: int) -> bytes:
    """The page as PDF/UA. Stop, where WeasyPrint or Pango is missing."""
    links = {part.id: part.title.say(language) for part in report.parts}
    return pdf(page(report, language, made_us), made_us, links | {"content": WORDS["skip"].say(language)})


def _part(part: Part, language: Language) -> dict[str, Any]:
    blocks = [_block(block, f"{part.id}-{number}", language) for number, block in enumerate(part.blocks, 1)]
    return {"id": part.id, "title": part.title.say(language), "blocks": blocks}


def _block(block: Block, name: str, language: Language) -> dict[str, Any]:
    if not isinstance(block, Table):
        return {"text": block.say(language)}
    return {
        "id": name,
        "title": block.title.say(language),
        "columns": [column.say(language) for column in block.columns],
        "rows": [[cell.say(language) for cell in row] for row in block.rows],
        "numeric": sorted(block.numeric),
    }
