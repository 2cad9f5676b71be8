"""What was not read, and what nobody could have seen in what was: so that "nothing found" is worth what it says."""

from typing import Final

from bavn.app.pilot.facts import PilotFacts, blind, is_short, missing_kinds
from bavn.app.pilot.parts import NOTHING, Block, Part, Table
from bavn.app.pilot.reading import ReadActor
from bavn.model.sector.coverage import SIGHTS
from bavn.model.spans import lasting
from bavn.model.text import Text

FILES_MAX: Final = 40
FILES: Final = (Text("organisation"), Text("file"), Text("why"))
SIGHT: Final = (
    Text("organisation"),
    Text("records of"),
    Text("kinds of records that are missing"),
    Text("what could not be seen at all"),
)


def unseen(facts: PilotFacts) -> Part:
    """Files first, then records, then what a pilot leaves out."""
    blocks: list[Block] = []
    files = [("", file, why) for file, why in facts.beside]
    files += [(actor.name, file, why) for actor in facts.actors for file, why in _unread(actor)]
    if files:
        rows = tuple((Text.plain(name or "-"), Text.plain(file), why) for name, file, why in files[:FILES_MAX])
        blocks.append(Table(Text("Not read, or only in part"), FILES, rows))
        if len(files) > FILES_MAX:
            more = len(files) - FILES_MAX
            blocks.append(Text.counted("{count:,} more stands in --json.", "{count:,} more stand in --json.", more))
    else:
        blocks.append(Text("Every file was read."))
    if facts.read:
        blocks.append(Table(Text("What the records could show"), SIGHT, tuple(map(_sight, facts.read)), frozenset({1})))
    short = [actor.name for actor in facts.read if is_short(actor)]
    if short:
        blocks.append(
            Text(
                "Less than three days of records: {names}. What comes back every day, and what is new, cannot be told"
                " from so little.",
                names=", ".join(short),
            )
        )
    blocks += [_failed(actor) for actor in facts.read if actor.findings and actor.findings.failed]
    return Part("unseen", Text("What was not read, and what could not be seen"), (*blocks, *_limits(facts)))


def _unread(actor: ReadActor) -> list[tuple[str, Text]]:
    root = str(actor.folder.path)

    def inside(file: str) -> str:
        return file.removeprefix(root).lstrip("/") or file

    files = [(inside(entry.source), entry.reason) for entry in actor.unread]
    if actor.findings is None:
        return files
    files += [(inside(entry.file), entry.why) for entry in actor.findings.refusals if entry.line == 0]
    files += [(inside(entry.file), entry.summary()) for entry in actor.findings.inputs if entry.partly_read]
    return files


def _sight(actor: ReadActor) -> tuple[Text, ...]:
    findings = actor.findings
    span_us = 0 if findings is None else findings.last_us - findings.first_us
    missing, unseen_by = missing_kinds(actor.rows), blind(actor.rows)
    return (
        Text.plain(actor.name),
        lasting(span_us),
        Text.plain(", ".join(missing)) if missing else NOTHING,
        Text.joined(", ", [SIGHTS[name].says for name in unseen_by]) if unseen_by else NOTHING,
    )


def _failed(actor: ReadActor) -> Text:
    failed = ", ".join(actor.findings.failed if actor.findings else ())
    return Text(
        "{actor}: what these detectors would have found is missing, they failed: {failed}",
        actor=actor.name,
        failed=failed,
    )


def _limits(facts: PilotFacts) -> list[Block]:
    """What a pilot is not."""
    limits: list[Block] = [
        Text(
            "Each day was looked at at its end; a running node looks every few minutes, and would have known earlier."
        ),
        Text(
            "Nothing here was watched for weeks: what is ordinary in each network, and which names are ordinary in the"
            " whole sector, was not yet learned. A running sector is quieter than this."
        ),
    ]
    quiet = facts.sector.quiet if facts.sector else 0
    if quiet:
        limits.append(
            Text.counted(
                "A node takes part only in rounds of three members: one member that suspects nothing was added.",
                "A node takes part only in rounds of three members: {count} members that suspect nothing were added.",
                quiet,
            )
        )
    if facts.sector is not None and not facts.sector.settled:
        limits.append(Text("The play ended while messages were still under way: some of it may be missing."))
    return limits
