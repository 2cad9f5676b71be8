"""`bavn node attach`: evidence of a suspicion for a case, by hand, after a look at exactly what leaves.

What leaves is one zip file of the suspicion and its rows, redacted like every export, without packets, and with own
addresses and inside names replaced. The same evidence gives the same bytes, so what was previewed is what is sent.
Refuses to send what nobody has seen: --send names the SHA-256 that the preview printed.
"""

from typing import Annotated

import typer

from bavn.app.acts.node import cases as acts
from bavn.app.acts.node.here import Here, not_sent
from bavn.app.analyst.suspected import one_named
from bavn.app.cli.node.book import NODE_TOML, Config, Spoken
from bavn.app.cli.person import of_act
from bavn.app.cli.spread import typed
from bavn.app.node.case_parts import kept_case
from bavn.app.process.exits import Exit, Stop
from bavn.model.text import Language, Text


def attach(
    evidence: Annotated[
        str, typer.Argument(help="The beginning of a suspicion's id, as `bavn node suspicions` shows it.")
    ],
    config: Config = NODE_TOML,
    *,
    case_id: Annotated[str, typer.Option("--case", help="case-..., as `bavn node cases` shows it.")],
    preview: Annotated[bool, typer.Option("--preview/--send", help="Show exactly what would leave, or let it.")] = True,
    sha256: Annotated[str, typer.Option("--sha256", help="With --send: what the preview printed.")] = "",
    rows: Annotated[int, typer.Option(help="At most so many rows of each table.", min=1, max=10_000)] = 100,
    words: Annotated[str, typer.Option("--words", help="What the centre is to read with it.")] = "",
    by: Annotated[str, of_act(acts.attach)] = "",
    language: Spoken = "en",
) -> None:
    """Attach what a suspicion rests on to a case. --preview (the default) shows every byte; --send lets it out."""
    case = kept_case(config, case_id).case_id
    here = Here(config)
    with here.asks() as book:
        entry = one_named(book, evidence)
    body = typed(
        acts.AttachRequest,
        suspicion=entry.suspicion.id,
        rows=rows,
        words=words,
        sha256=None if preview else sha256.lower() or None,
    )
    attach = acts.attach(here, by, case, entry, body)
    if attach.refused is not None:
        raise not_sent(attach.refused)
    if preview:
        _show(attach, case, words, evidence, language)
    elif attach.number is None:
        why = "nobody has looked at it: run it with --preview, then with --send --sha256"
        raise Stop(Exit.NOT_NOW, Text.shaped("{why} {sha256}", why=why, sha256=attach.sha256))
    else:
        says = Text(
            "{case_id}: evidence {number}, {made:,} bytes, waits to be sent. {when}",
            case_id=case,
            number=attach.number,
            made=attach.bytes,
            when=here.when(),
        )
        print(says.say(language))


def _show(attached: acts.Attached, case_id: str, words: str, evidence: str, language: Language) -> None:
    print(
        Text(
            "This is all that leaves, for {case_id} (class S5), {made:,} bytes, sha256 {digest}:",
            case_id=case_id,
            made=attached.bytes,
            digest=attached.sha256,
        ).say(language)
    )
    print(Text("words: {words}", words=words or "-").say(language))
    for name, text in attached.files:
        print(f"\n===== {name}")
        print(text.rstrip("\n"))
    print()
    print(
        Text(
            "Nothing has left. To let exactly this out: bavn node attach {evidence} --case {case_id}"
            " --send --sha256 {digest}",
            evidence=evidence,
            case_id=case_id,
            digest=attached.sha256,
        ).say(language)
    )
