"""Documents and pictures drawn in a process of their own: ``python -m bavn.app.reports.apart``.

What draws (matplotlib, WeasyPrint, Pango below it) keeps memory that no Python knows of: a console that drew all day
grew by a megabyte and a half a minute. A process that draws one thing and ends keeps nothing, and one that hangs or
dies takes one document with it. One draws at a time.

Refuses to draw longer than SECONDS_MAX, and to take anything but from the process that started it.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

from bavn.app.process.exits import Exit, Stop
from bavn.app.reports.drawing import drawing
from bavn.app.reports.page import DocumentStatus, links, page
from bavn.app.reports.pdf import pdf
from bavn.centre.publish.document import Document
from bavn.model.text import Language, Text
from bavn.model.tied import tied

SECONDS_MAX: Final = 180
_CODES: Final = frozenset(Exit)


def document_file(document: Document, form: Literal["html", "pdf"], language: Language, how: DocumentStatus) -> bytes:
    """A document as a file's bytes, drawn here. Stop, where a library is missing."""
    html = page(document, language, how)
    return html.encode() if form == "html" else pdf(html, document.made_us, links(document, language))


def document_apart(document: Document, form: Literal["html", "pdf"], language: Language, how: DocumentStatus) -> bytes:
    """The same bytes, drawn in a process of its own. Stop, where a library is missing, others draw, or it takes too
    long; RuntimeError with its last line for one that fails."""
    return _drawn("document_file", document, form, language, how)


def _drawn(name: str, *given: Any) -> bytes:
    words = [sys.executable, "-P", "-m", "bavn.app.reports.apart"]
    with drawing():
        try:
            done = subprocess.run(
                tied(words), input=pickle.dumps((name, given)), capture_output=True, timeout=SECONDS_MAX, check=False
            )
        except subprocess.TimeoutExpired:
            raise Stop(
                Exit.NOT_NOW,
                Text("the document was not drawn within {seconds_max} s: ask again later", seconds_max=SECONDS_MAX),
            ) from None
    message = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if done.returncode == Exit.OK:
        return done.stdout
    if done.returncode in _CODES - {Exit.BROKEN}:
        raise Stop(Exit(done.returncode), message)
    raise RuntimeError(f"drawing ended with {done.returncode}: {message[:300]}")


def main() -> int:
    """Draws what standard input asks for, from its own parent; the exit code and one line say what is wrong."""
    name, given = pickle.loads(sys.stdin.buffer.read())  # noqa: S301  its own parent's, over a pipe of theirs
    draws: dict[str, Callable[..., bytes]] = {"document_file": document_file}
    try:
        sys.stdout.buffer.write(draws[name](*given))
    except Stop as stop:
        sys.stderr.write(f"{stop}\n")
        return stop.code
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
