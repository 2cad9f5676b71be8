"""The same page as PDF/UA by WeasyPrint: tagged, in its language, with alternatives to pictures; the same bytes for the
same page.

Refuses to fetch anything but what the page holds itself.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from bavn.app.reports.missing import reports_needed
from bavn.app.reports.page import TEMPLATES
from bavn.model.moment import iso

VARIANT: Final = "pdf/ua-1"


def pdf(html: str, made_us: int, links: Mapping[str, str]) -> bytes:
    """``html`` as page() made it; ``made_us`` stands in it as its date; ``links``: what is said of a link by its
    target, for those that cannot see where it stands. Stop, where WeasyPrint or Pango is missing."""
    with reports_needed():
        import weasyprint
        from weasyprint.urls import URLFetcher

    def finish(_document: Any, made: Any) -> None:
        _describe(made.objects, links)

    moment = iso(made_us)[:19] + "Z"
    dated = html.replace(
        "<title>",
        f'<meta name="dcterms.created" content="{moment}">\n<meta name="dcterms.modified" content="{moment}">\n<title>',
        1,
    )
    styles = [weasyprint.CSS(string=(TEMPLATES / "print.css").read_text(encoding="utf-8"))]
    document = weasyprint.HTML(string=dated, url_fetcher=URLFetcher(allowed_protocols={"data"}), base_url="about:blank")
    content = document.write_pdf(
        stylesheets=styles,
        pdf_variant=VARIANT,
        pdf_identifier=hashlib.sha256(html.encode()).digest()[:16],
        pdf_tags=True,
        full_fonts=False,
        finisher=finish,
    )
    return bytes(content)


def _describe(objects: list[Any], links: Mapping[str, str]) -> None:
    """What WeasyPrint leaves out: whether a header is a column's or a row's, and a link in words instead of the name of
    its target."""
    import pydyf

    known = {entry.reference: entry for entry in objects if isinstance(entry, pydyf.Dictionary)}
    for entry in known.values():
        if entry.get("S") == "/TH":
            group = known[known[entry["P"]]["P"]]
            entry["A"]["Scope"] = "/Column" if group.get("S") == "/THead" else "/Row"
        if entry.get("Subtype") == "/Link" and "Dest" in entry:
            target = str(entry["Dest"].string)
            entry["Contents"] = pydyf.String(links.get(target, target))
