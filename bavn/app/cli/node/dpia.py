"""`bavn node dpia`: a draft of the data protection impact assessment and of the record of processing, of what this
node is really set to do. Refuses to judge, and to send it anywhere.
"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.node.book import NODE_TOML, Config, Spoken
from bavn.model.moment import DAY_US

if TYPE_CHECKING:
    from bavn.app.policy.assessment import Left


def dpia(
    config: Config = NODE_TOML,
    *,
    html: Annotated[Path | None, typer.Option("--html", help="Write an accessible page here.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write PDF/UA here.")] = None,
    sources: Annotated[bool, typer.Option("--sources", help="On the screen also what each line rests on.")] = False,
    language: Spoken = "en",
) -> None:
    """Draft the data protection impact assessment and record of processing from the real settings and ledger.

    What leaves, to whom, how long it is kept and what could go wrong, each with its source; what people must judge is
    left open. Nothing is sent.
    """
    from bavn.app.config.load import read_node
    from bavn.app.policy.assessment import DAYS, assessment
    from bavn.app.policy.file import text_of
    from bavn.app.process.exits import cannot_write
    from bavn.app.process.real import SystemClock
    from bavn.app.process.whole_file import write_whole
    from bavn.app.reports.apart import document_file
    from bavn.app.reports.page import DocumentStatus
    from bavn.app.reports.text import lines

    node, now_us = read_node(config), SystemClock().now_us()
    document = assessment(node, text_of(node), _left(node.folder / "node.db", now_us - DAYS * DAY_US), now_us)
    for path, form in ((html, "html"), (pdf, "pdf")):
        if path is not None:
            content = document_file(document, form, language, DocumentStatus())  # type: ignore[arg-type]
            try:
                write_whole(path, content)
            except OSError as error:
                raise cannot_write(path, error) from error
            print(path)
    if html is None and pdf is None:
        for line in lines(document, language, sources=sources):
            print(line)


def _left(book: Path, since_us: int) -> "dict[str, Left] | None":
    """Privacy class -> what left since then; None where this node has not run yet."""
    from bavn.app.policy.assessment import Left
    from bavn.wire.ledger import look_on

    if not book.exists():
        return None
    messages: Counter[str] = Counter()
    size: Counter[str] = Counter()
    with look_on(book) as ledger:
        for line in ledger.every():
            if line.at_us >= since_us and line.way == "out" and line.verdict == "passed" and line.privacy:
                messages[line.privacy] += 1
                size[line.privacy] += line.bytes
    return {name: Left(count, size[name]) for name, count in messages.items()}
