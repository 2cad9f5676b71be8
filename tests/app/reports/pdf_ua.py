"""What PDF/UA-1 (ISO 14289-1) asks of a file, as far as a machine sees it: what is wrong, in a list."""

import pikepdf

CONTENT = {"Tj", "TJ", "'", '"', "Do", "S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh", "EI"}
BEGIN, END = {"BMC", "BDC"}, "EMC"
HEADINGS = ["/H1", "/H2", "/H3", "/H4", "/H5", "/H6"]


def wrong(path):
    """Each sentence names the clause that it fails."""
    found = []
    with pikepdf.open(path) as pdf:
        root = pdf.Root
        found += _catalog(pdf, root)
        if "/StructTreeRoot" in root:
            found += _structure(root.StructTreeRoot)
        for number, page in enumerate(pdf.pages, start=1):
            found += [f"{one} (page {number})" for one in _page(page)]
    return found


def _catalog(pdf, root):
    if not root.get("/MarkInfo", {}).get("/Marked", False):
        yield "7.1: not marked as tagged"
    if "/StructTreeRoot" not in root:
        yield "7.1: no structure tree"
    if not str(root.get("/Lang", "")):
        yield "7.2: no language"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False):
        yield "7.1: the title is not shown"
    with pdf.open_metadata() as meta:
        if meta.get("pdfuaid:part") != "1":
            yield "5: it does not say that it is PDF/UA-1"
        if not meta.get("dc:title"):
            yield "7.1: no title in its metadata"


def _structure(tree):
    kinds, level = [], 0
    for node in _nodes(tree):
        kind = str(node.get("/S", ""))
        kinds.append(kind)
        if kind == "/Figure" and not str(node.get("/Alt", "")).strip():
            yield "7.3: a figure without an alternative"
        if kind == "/TH" and not _attribute(node, "/Scope"):
            yield "7.5: a table header without scope"
        if kind in HEADINGS:
            at = HEADINGS.index(kind) + 1
            if at > level + 1:
                yield f"7.4.2: a heading {kind} after level {level}"
            level = at
    for kind in ("/Document", "/H1", "/P", "/Table", "/TR", "/TH", "/TD", "/L", "/LI", "/Link", "/Figure"):
        if kind not in kinds:
            yield f"7.1: nothing is tagged {kind}"


def _attribute(node, name):
    given = node.get("/A")
    each = list(given) if isinstance(given, pikepdf.Array) else [given]
    return any(isinstance(one, pikepdf.Dictionary) and name in one for one in each)


def _nodes(node):
    """Every structure element, in reading order."""
    kids = node.get("/K")
    for kid in list(kids) if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from _nodes(kid)


def _page(page):
    depth, bare = 0, 0
    for step in pikepdf.parse_content_stream(page):
        operator = str(step.operator)
        if operator in BEGIN:
            depth += 1
        elif operator == END:
            depth -= 1
        elif operator in CONTENT and depth == 0:
            bare += 1
    if bare:
        yield f"7.1: {bare} pieces of content are neither tagged nor an artifact"
    if str(page.get("/Tabs", "")) != "/S" and "/Annots" in page:
        yield "7.18.3: the tab order is not that of the structure"
    for note in page.get("/Annots", []):
        if "/StructParent" not in note:
            yield "7.18.1: an annotation outside the structure"
        if str(note.get("/Subtype")) == "/Link" and not str(note.get("/Contents", "")).strip():
            yield "7.18.5: a link without a description"
    for font in page.get("/Resources", {}).get("/Font", {}).values():
        inner = font.get("/DescendantFonts", [font])[0]
        if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(inner.get("/FontDescriptor", {}).keys()):
            yield "7.21.4: a font that is not embedded"
        if "/ToUnicode" not in font:
            yield "7.21.7: a font whose letters have no Unicode"
