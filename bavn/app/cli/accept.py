"""`bavn node accept` and `node verify-protocol`: an acceptance or final operations test, and its signed protocol.

Refuses to decide that an actor goes on: a person at the centre does.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bavn.app.cli.node.book import NODE_TOML, AsJson, By, Spoken
from bavn.app.cli.node.book import Config as NodeConfigFile
from bavn.app.process.exits import Exit, Stop
from bavn.model.sector.acceptance_protocol import Outcome, TestKind
from bavn.model.text import Language, Text

if TYPE_CHECKING:
    from bavn.app.accept.check import AcceptanceTerms, Check
    from bavn.app.config.load import NodeConfig
    from bavn.model.sector.acceptance_protocol import TestProtocol

Kind = Annotated[TestKind, typer.Option("--kind", help="Which test: acceptance, or final after the trial operation.")]
Rate = Annotated[int, typer.Option("--rate", help="The agreed load, in events a second.", min=1, max=200_000)]
Seconds = Annotated[
    int,
    typer.Option("--seconds", help="How long the load lasts; 0 is 20 s, in the final test 300 s.", min=0, max=86_400),
]
ProtocolFile = Annotated[Path, typer.Argument(help="A protocol as `bavn node accept` wrote it (JSON).")]


def node_accept(
    config: NodeConfigFile = NODE_TOML,
    *,
    kind: Kind = TestKind.ACCEPTANCE,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="This part alone; may be given again for another.")
    ] = None,
    rate: Rate = 1000,
    seconds: Seconds = 0,
    days: Annotated[int, typer.Option(help="How far the final test looks back on rounds.", min=1, max=90)] = 7,
    out: Annotated[Path, typer.Option(help="The folder in which the protocol is written.")] = Path(),
    as_json: AsJson = False,
    language: Spoken = "en",
    by: By = "",
) -> None:
    """Test this node and write the signed protocol: JSON, HTML and PDF. Exit code 10 unless every part that was
    tested has passed."""
    from bavn.app.accept.check import SECONDS_DEFAULT, AcceptanceTerms
    from bavn.app.accept.files import sign, signing_safe, write_all
    from bavn.app.accept.run import chosen, required
    from bavn.app.accept.words import as_json as outcomes
    from bavn.app.accept.words import verdict
    from bavn.app.config.load import read_node

    try:
        checks = chosen(kind, only or ())
    except ValueError as error:
        raise Stop(Exit.USAGE, Text.of_error(error)) from error
    file = read_node(config)
    safe = signing_safe(file)
    asked = AcceptanceTerms(kind=kind, rate_per_s=rate, seconds=seconds or SECONDS_DEFAULT[kind], days=days)
    protocol = _tested(file, asked, checks, by[:60], language)
    signed = sign(protocol, safe)
    wanted = [check.name for check in checks] if only else required(kind)
    files, missing = write_all(signed, required(kind), out, language)
    if missing:
        _say(missing)
    outcome = protocol.outcome(wanted)
    if as_json:
        said = outcomes(protocol, required(kind), language)
        said |= {"sha256": signed.digest, "files": [str(one) for one in files]}
        print(json.dumps(said, ensure_ascii=False))
    else:
        print("\n".join(_summary(verdict(protocol, required(kind)).say(language), signed.digest, files)))
    if outcome is not Outcome.PASSED:
        raise typer.Exit(Exit.UNHEALTHY)


def _tested(
    file: "NodeConfig", terms: "AcceptanceTerms", checks: "Sequence[Check]", by: str, language: Language
) -> "TestProtocol":
    """Each check says its title as it begins, and what came of it."""
    import tempfile

    from bavn.app.accept.check import Site
    from bavn.app.accept.run import run as run_checks
    from bavn.app.accept.words import part_lines
    from bavn.app.process.real import SystemClock, SystemDice

    with tempfile.TemporaryDirectory(prefix="bavn-accept-") as scratch:
        site = Site(config=file, terms=terms, clock=SystemClock(), dice=SystemDice(), scratch=Path(scratch), by=by)
        return run_checks(
            site,
            checks,
            lambda check: _say(f"{check.title.say(language)} ..."),
            lambda part: _say("\n".join(part_lines(part, language, figures=False))),
        )


def verify_protocol(
    file: ProtocolFile,
    *,
    key: Annotated[str, typer.Option(help="The public key in hex of the node that is said to have signed it.")],
    kind: Annotated[TestKind | None, typer.Option("--kind", help="Also refuse a test of another kind.")] = None,
    rate: Rate = 1000,
    seconds: Seconds = 0,
    language: Spoken = "en",
) -> None:
    """Check a protocol's signature and whether it has passed, by its figures and this version's bars. Needs no node."""
    from bavn.app.accept.check import SECONDS_DEFAULT, AcceptanceTerms
    from bavn.app.accept.run import demands
    from bavn.app.accept.words import title
    from bavn.app.process.protocols import read_protocol
    from bavn.model.sector.acceptance_protocol import shortfalls

    given = read_protocol(file)
    protocol = given.protocol
    if not given.holds(key.strip().lower()):
        raise Stop(
            Exit.REFUSED,
            Text(
                "{file}: the signature is not that of key {key}..., or the protocol was changed",
                file=file,
                key=key[:16],
            ),
        )
    if kind is not None and protocol.kind is not kind:
        raise Stop(Exit.REFUSED, Text("{file}: it is of the {value} test", file=file, value=protocol.kind.value))
    asked = AcceptanceTerms(kind=protocol.kind, rate_per_s=rate, seconds=seconds or SECONDS_DEFAULT[protocol.kind])
    faults = shortfalls(protocol, demands(asked))
    print(f"{title(protocol, language)}\nsha256 {given.digest}\n{Text('the signature holds').say(language)}")
    if faults:
        named = Text.joined("; ", faults[:10])
        raise Stop(Exit.UNHEALTHY, Text("{file}: it has not passed: {named}", file=file, named=named))
    print(Text("it has passed").say(language))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _summary(verdict: str, digest: str, files: list[Path]) -> list[str]:
    return [f"{verdict}, sha256 {digest}", *(str(one) for one in files)]
