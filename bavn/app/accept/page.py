"""A protocol as an accessible HTML page, and by it as PDF/UA: each part with every figure, its bar and its outcome.

The signed file is the protocol; a page is a copy for people and says by which SHA-256 the file is known. Refuses to
fetch anything.
"""

from collections.abc import Sequence
from typing import Final

from bavn.app.accept import words
from bavn.app.accept.check import warns
from bavn.app.reports.missing import reports_needed
from bavn.app.reports.page import TEMPLATES
from bavn.app.reports.pdf import pdf
from bavn.model.moment import iso
from bavn.model.sector.acceptance_protocol import KINDS, Figure, Outcome, Part
from bavn.model.sector.protocol_file import SignedProtocol
from bavn.model.text import Language, Text

WORDS: Final = {
    "skip": Text("Skip to the content"),
    "actor": Text("Actor"),
    "began": Text("Began"),
    "ended": Text("Ended"),
    "version": Text("Version of Bavn"),
    "outcome": Text("Outcome"),
    "overview": Text("Overview"),
    "part": Text("Part"),
    "took": Text("Took"),
    "measured": Text("Measured"),
    "value": Text("Value"),
    "bar": Text("Asked"),
    "reason": Text("Note"),
    "signature": Text("Signature"),
    "signed_by": Text("Signed by the node's key"),
    "sha256": Text("SHA-256 of the protocol"),
    "about": Text(
        "The signed file is the protocol; this page is a copy of it. Whoever has the node's public"
        " key checks the file with: bavn node verify-protocol FILE --key KEY."
    ),
    "page": Text("Page"),
    "of": Text("of"),
    "parts_only": words.PARTS_ONLY,
}


def page(given: SignedProtocol, required: Sequence[str], language: Language) -> str:
    """The whole page; the same protocol is the same text. Stop, where a library is missing."""
    with reports_needed():
        import jinja2
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    protocol = given.protocol
    whole = protocol.outcome(required)
    html = environment.get_template("protocol.html.j2").render(
        language=language,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        words={name: text.say(language) for name, text in WORDS.items()},
        title=KINDS[protocol.kind].say(language),
        actor=protocol.actor,
        began=_moment(protocol.began_us),
        ended=_moment(protocol.ended_us),
        version=protocol.version,
        outcome=words.verdict(protocol, required).say(language),
        passed=whole is Outcome.PASSED,
        partial=bool(set(required) - {one.name for one in protocol.parts}),
        parts=[_part(one, language) for one in protocol.parts],
        key=given.key,
        digest=given.digest,
        signature=given.signature,
    )
    return html + "\n"


def as_pdf(given: SignedProtocol, required: Sequence[str], language: Language) -> bytes:
    """The page as PDF/UA. Stop, where WeasyPrint or Pango is missing."""
    links = {one.name: one.title.say(language) for one in given.protocol.parts}
    links |= {"content": WORDS["skip"].say(language), "signature": WORDS["signature"].say(language)}
    return pdf(page(given, required, language), given.protocol.ended_us, links)


def _moment(us: int) -> str:
    return iso(us)[:19].replace("T", " ") + " UTC"


def _part(part: Part, language: Language) -> dict[str, object]:
    return {
        "name": part.name,
        "title": part.title.say(language),
        "outcome": words.part_outcome(part).say(language),
        "passed": part.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE) and not any(map(warns, part.figures)),
        "took": words.valued(round(part.took_ms / 1000, 1), "s", language),
        "fault": words.BROKE_OFF.filled(why=part.fault).say(language) if part.fault else "",
        "figures": [_figure(one, language) for one in part.figures],
    }


def _figure(figure: Figure, language: Language) -> dict[str, object]:
    return {
        "name": figure.measure.name.say(language),
        "value": words.valued(figure.value, figure.measure.unit, language),
        "bar": words.barred(figure, language),
        "outcome": words.outcome(figure, language),
        "good": figure.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE)
        or not (figure.measure.required or warns(figure)),
        "reason": "" if figure.reason is None else figure.reason.say(language),
    }
