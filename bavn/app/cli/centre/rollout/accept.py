"""`bavn centre accept`: an actor seen from the centre's side, and the signed protocol of its node taken in.

Refuses to decide that an actor goes on: a person does.
"""

from pathlib import Path
from typing import Annotated

import typer

from bavn.app.acts.act import refusing
from bavn.app.acts.centre import rollout as acts
from bavn.app.cli.accept import Kind, Rate, Seconds
from bavn.app.cli.centre.desk import CENTRE_TOML, Config, Spoken, configured
from bavn.app.cli.person import of_act
from bavn.app.process.exits import Exit, Stop
from bavn.model.sector.acceptance_protocol import Outcome, TestKind
from bavn.model.text import Text


def accept(
    actor: Annotated[str, typer.Argument(help="As the roll-out names it: a-z, 0-9 and -.")],
    protocol: Annotated[
        Path | None, typer.Argument(help="The protocol that its node signed (JSON); without it, only look.")
    ] = None,
    config: Config = CENTRE_TOML,
    *,
    kind: Kind = TestKind.ACCEPTANCE,
    rate: Rate = 1000,
    seconds: Seconds = 0,
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit log.")] = "",
    language: Spoken = "en",
    by: Annotated[str, of_act(acts.take_test)] = "",
) -> None:
    """Look at an actor from the centre's side, and take in its node's protocol: verified, fresh, never used before."""
    from bavn.app.accept.check import SECONDS_DEFAULT, AcceptanceTerms
    from bavn.app.accept.run import demands
    from bavn.app.accept.taking import opened_taking
    from bavn.app.accept.words import part_lines
    from bavn.app.process.protocols import read_protocol

    if protocol is not None and not why:
        raise Stop(Exit.USAGE, Text("say why with --why: taking a protocol in is a line of the audit log"))
    given = None if protocol is None else read_protocol(protocol)
    terms = AcceptanceTerms(kind=kind, rate_per_s=rate, seconds=seconds or SECONDS_DEFAULT[kind])
    with opened_taking(configured(config)) as taking, refusing(*acts.REFUSES):
        side = taking.side(actor, given)
        print("\n".join(part_lines(side, language, figures=True)))
        if given is None:
            if side.outcome is not Outcome.PASSED:
                raise typer.Exit(Exit.UNHEALTHY)
            return
        made = acts.take_test(taking.agreements, actor, kind, given, demands(terms), side, by, why)
        taken = Text("test {number} of {actor}: taken in, sha256 {sha256}")
        print(taken.filled(number=made.number, actor=actor, sha256=given.digest).say(language))
