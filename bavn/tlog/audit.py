"""What anybody can check of a centre's log without asking the centre, and in which words it is said.

Each finding says what was looked at and what came of it. One that is evidence means that the log is not to be believed,
and that its files prove it; any other that is bad shows only that something asked for is not there. Refuses to read:
bytes come by ``Read``. Refuses to say that the centre did right: it shows only that nothing was changed or taken out
since it was published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bavn.model.moment import SECOND_US, iso
from bavn.model.text import Number, Text
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import Checkpoint, is_half, opened, witnessed
from bavn.tlog.clock import Order
from bavn.tlog.entries import entry_of
from bavn.tlog.merkle import consistency, inclusion, is_consistent, leaf_hash, root
from bavn.tlog.note import Note, VerifierKey, note_of
from bavn.tlog.proof import Proof
from bavn.tlog.tiles import CHECKPOINT, WITNESSED, Read, Tree, all_entries

SAID_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """``check``: its name, for programs. ``good`` False: the log proves not what it must. ``evidence``: and that speaks
    against it, as two histories do, a signature that does not hold, or an entry that was changed."""

    check: str
    good: bool
    says: Text
    evidence: bool = False


@dataclass(slots=True)
class Audit:
    """What was found, in the order in which it was looked at. ``checkpoint``: None where it is not signed."""

    note: Note
    checkpoint: Checkpoint | None = None
    findings: list[Finding] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    last_s: int = 0
    proof: Proof | None = None

    @property
    def good(self) -> bool:
        return all(finding.good for finding in self.findings)

    @property
    def evidence(self) -> bool:
        """Whether anything that was found speaks against the log."""
        return any(finding.evidence for finding in self.findings)

    def say(self, check: str, good: bool, says: Text) -> None:
        """What holds, or what does not and is evidence."""
        self.findings.append(Finding(check, good, says, evidence=not good))

    def lacks(self, check: str, says: Text) -> None:
        """What was asked for and is not there, which is evidence of nothing."""
        self.findings.append(Finding(check, False, says))


def audit(
    read: Read,
    key: VerifierKey,
    *,
    earlier: Note | None = None,
    entry: int | None = None,
    holding: str = "",
    witnesses: Sequence[VerifierKey] = (),
) -> Audit:
    """Checks a log. ``earlier``: a checkpoint of it that was kept; ``entry``: a number to prove, or ``holding``: the
    first entry with these characters, such as a hash; ``witnesses``: those that ought to cosign, the newest checkpoint
    or the one that the log hands out as cosigned. Raises BadLog where there is no checkpoint, and what ``read`` raises
    for it."""
    handed_out = _handed_out(read) if witnesses else None  # first: what is cosigned later may be longer than this log
    report = Audit(note_of(read(CHECKPOINT)))
    try:
        report.checkpoint = checkpoint = opened(report.note, key)
    except BadLog as error:
        report.say("signature", False, Text.of_error(error))
        return report
    report.say(
        "signature",
        True,
        Text(
            "The checkpoint of {origin} is signed by its key: {size} entries.",
            origin=key.name,
            size=Number(checkpoint.size),
        ),
    )
    for check in (_whole, _grown, _included):
        try:
            check(report, read, checkpoint, key, earlier, entry, holding)
        except BadLog as error:
            report.say(check.__name__.strip("_"), False, Text.of_error(error))
        except (OSError, LookupError) as error:
            report.lacks(check.__name__.strip("_"), _unreadable(error))
    if witnesses:
        _cosigned(report, read, checkpoint, key, witnesses, handed_out)
    return report


def _whole(report: Audit, read: Read, checkpoint: Checkpoint, *_: object) -> None:
    """Every entry, and the root over them."""
    leaves, order = [], Order()
    for number, text in enumerate(all_entries(checkpoint.size, read)):
        leaves.append(leaf_hash(text))
        try:
            entry = entry_of(text)
        except BadLog as error:
            raise BadLog(Text("Entry {number}: {why}", number=number, why=Text.of_error(error))) from error
        report.kinds[entry.kind] = report.kinds.get(entry.kind, 0) + 1
        report.last_s = max(report.last_s, entry.at_s)
        order.take(number, entry)
    if root(leaves) != checkpoint.root:
        report.say(
            "whole", False, Text("The entries are not those that were signed: the root over them is another one.")
        )
        return
    sentence = Text(
        "All {size} entries are there, and are those that were signed; the last is of {when}.",
        size=Number(checkpoint.size),
        when=moment(report.last_s),
    )
    report.say("whole", True, sentence)
    _ordered(report, order)


def _ordered(report: Audit, order: Order) -> None:
    """Dates that go back, and what the centre itself told of its clock, which accuses it of nothing."""
    for at_s, said_s in order.doubted[-SAID_MAX:]:
        says = Text(
            "At {when} the clock of the centre's machine said {said}. It was not believed, and moved no entry's date.",
            when=moment(at_s),
            said=moment(said_s),
        )
        report.say("clock", True, says)
    for from_s, to_s in order.put_back[-SAID_MAX:]:
        says = Text(
            "The centre's clock was wrong and was put back from {newest} to {when}: what is dated in between does not"
            " show when it was made.",
            newest=moment(from_s),
            when=moment(to_s),
        )
        report.lacks("clock", says)
    if order.back is not None:
        number, at_s, newest_s = order.back
        says = Text(
            "Entry {number} says that it is of {when}, and stands behind an entry of {newest}: it was back-dated, or"
            " the centre's clock was wrong.",
            number=number,
            when=moment(at_s),
            newest=moment(newest_s),
        )
        report.say("order", False, says)


def _grown(
    report: Audit, read: Read, checkpoint: Checkpoint, key: VerifierKey, earlier: Note | None, *_: object
) -> None:
    """Whether the log goes on from an earlier checkpoint."""
    if earlier is None:
        return
    before = opened(earlier, key)
    sizes = {"before": Number(before.size), "now": Number(checkpoint.size)}
    if before.size > checkpoint.size:
        report.say(
            "grown",
            False,
            Text("The log has {now} entries and had {before}: it was cut, or it shows two faces.").filled(**sizes),
        )
        return
    good = _goes_on(read, before, checkpoint)
    if good and not report.good:
        says = Text(
            "The checkpoint goes on from the one that was kept, but not all entries are there as they were signed."
        )
        report.say("grown", True, says)
    elif good:
        report.say(
            "grown",
            True,
            Text("Nothing before entry {before} was changed since the checkpoint that was kept.").filled(**sizes),
        )
    else:
        report.say(
            "grown",
            False,
            Text(
                "The {before} entries of the checkpoint that was kept are no longer the first: the past was changed."
            ).filled(**sizes),
        )


def _included(
    report: Audit,
    read: Read,
    checkpoint: Checkpoint,
    key: VerifierKey,
    earlier: Note | None,
    entry: int | None,
    holding: str,
) -> None:
    """An entry, with a proof that can be handed on."""
    del key, earlier
    if holding:
        numbers = (n for n, text in enumerate(all_entries(checkpoint.size, read)) if holding.encode() in text)
        entry = next(numbers, None)
        if entry is None:
            report.lacks("entry", Text("No entry of the log holds {what}.", what=holding))
            return
    if entry is None:
        return
    if not 0 <= entry < checkpoint.size:
        report.lacks("entry", Text("The log has no entry {number}.", number=entry))
        return
    tree = Tree(checkpoint.size, read)
    text = tree.entry(entry)
    proof = Proof(text, entry, tuple(inclusion(entry, checkpoint.size, tree.subtree)), report.note)
    report.proof = proof if proof.holds(checkpoint) else None
    sentence = Text("Entry {number} is in the log: {what}", number=entry, what=text.decode("utf-8", "replace"))
    lacks = Text("Entry {number} is not proven to be in the log.", number=entry)
    report.say("entry", report.proof is not None, sentence if report.proof is not None else lacks)


def _goes_on(read: Read, before: Checkpoint, checkpoint: Checkpoint) -> bool:
    """Whether the log's own hashes prove that a checkpoint goes on from another, which is not longer."""
    proof = consistency(before.size, checkpoint.size, Tree(checkpoint.size, read).subtree)
    return is_consistent(before.size, checkpoint.size, before.root, checkpoint.root, proof)


def _handed_out(read: Read) -> Note | None:
    """The checkpoint that is handed out with its cosignatures; None before there is one."""
    try:
        return note_of(read(WITNESSED))
    except (OSError, LookupError, BadLog):
        return None


def _cosigned(
    report: Audit,
    read: Read,
    checkpoint: Checkpoint,
    key: VerifierKey,
    witnesses: Sequence[VerifierKey],
    handed_out: Note | None,
) -> None:
    """How far the witnesses vouch: nobody has cosigned a checkpoint that was made just now."""
    try:
        held, vouched = witnessed(report.note, witnesses), checkpoint
        if handed_out is not None and not is_half(len(held), len(witnesses)):
            held, vouched = witnessed(handed_out, witnesses), opened(handed_out, key)
        goes_on = vouched.size <= checkpoint.size and _goes_on(read, vouched, checkpoint)
    except BadLog as error:
        report.say("witnesses", False, Text.of_error(error))
        return
    except (OSError, LookupError) as error:
        report.lacks("witnesses", _unreadable(error))
        return
    facts = {"held": Number(len(held)), "asked": Number(len(witnesses)), "size": Number(vouched.size)}
    if not goes_on:
        report.say(
            "witnesses",
            False,
            Text("The log does not go on from the {size} entries that it handed out as cosigned.").filled(**facts),
        )
    elif not is_half(len(held), len(witnesses)):
        report.lacks(
            "witnesses",
            Text("Only {held} of {asked} witnesses cosigned the checkpoint: fewer than half.").filled(**facts),
        )
    elif vouched.size == checkpoint.size:
        report.say("witnesses", True, Text("{held} of {asked} witnesses vouch for all {size} entries.").filled(**facts))
    else:
        says = Text(
            "{held} of {asked} witnesses vouch for the first {size} entries, and the log goes on from there. For the"
            " {later} after them they do not vouch yet."
        )
        report.say("witnesses", True, says.filled(**facts, later=Number(checkpoint.size - vouched.size)))


def _unreadable(error: Exception) -> Text:
    return Text("A file of the log that must be there cannot be read: {what}", what=str(error)[:200])


def audit_proof(proof: Proof, key: VerifierKey) -> Audit:
    """Checks a proof that somebody was handed, without the log."""
    report = Audit(proof.note, proof=proof)
    try:
        report.checkpoint = opened(proof.note, key)
    except BadLog as error:
        report.say("signature", False, Text.of_error(error))
        return report
    facts = {"origin": key.name, "size": Number(report.checkpoint.size)}
    report.say(
        "signature", True, Text("The checkpoint of {origin} is signed by its key: {size} entries.").filled(**facts)
    )
    sentence = Text(
        "Entry {number} is in the log: {what}", number=proof.index, what=proof.entry.decode("utf-8", "replace")
    )
    lacks = Text("Entry {number} is not proven to be in the log.", number=proof.index)
    good = proof.holds(report.checkpoint)
    report.say("entry", good, sentence if good else lacks)
    return report


def moment(at_s: int) -> str:
    """A moment as it is written in the log's words (UTC)."""
    return iso(at_s * SECOND_US)[:19] + "Z"
