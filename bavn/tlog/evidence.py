"""Two checkpoints of a log that do not go together, as one text that anybody can check without a network.

A witness was shown both, under the log's own signature. Where they are of one size, or of two logs under one key's
promise, that alone proves it; else the hashes that were given for it stand beside them. Refuses to say who is at fault.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bavn.model.malformed import MALFORMED
from bavn.model.text import Number, Text
from bavn.tlog.audit import Audit
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import opened
from bavn.tlog.merkle import HASH_BYTES, PROOF_MAX, is_consistent
from bavn.tlog.note import NOTE_BYTES_MAX, Note, VerifierKey, note_of

HEAD: Final = "bavn/log-evidence/v1"
EVIDENCE_BYTES_MAX: Final = 2 * NOTE_BYTES_MAX + 10_000
_SINCE: Final = re.compile(r"since (0|[1-9][0-9]{0,14})")
_BREAK: Final = "\n--\n"


@dataclass(frozen=True, slots=True)
class Evidence:
    """``kept``: what the witness had cosigned; ``shown``: what it was shown next, with ``proof`` from ``since``."""

    kept: Note
    shown: Note
    since: int
    proof: tuple[bytes, ...]

    def text(self) -> str:
        """As it is handed on: a file with the ending .log-evidence."""
        hashes = "".join(f"{each.hex()}\n" for each in self.proof)
        return f"{HEAD}\nsince {self.since}\n{hashes}{_BREAK}{self.kept.text()}{_BREAK}{self.shown.text()}"


def is_evidence(text: bytes) -> bool:
    """Whether it begins as evidence does."""
    return text.startswith(HEAD.encode())


def evidence_of(text: bytes) -> Evidence:
    """What ``Evidence.text`` wrote. Raises BadLog."""
    try:
        head, kept, shown = (text.decode() if len(text) <= EVIDENCE_BYTES_MAX else "").split(_BREAK)
        lines = head.splitlines()
        since = _SINCE.fullmatch(lines[1])
        proof = tuple(bytes.fromhex(line) for line in lines[2:])
    except MALFORMED as error:
        raise BadLog(Text("that is no evidence about a log")) from error
    fits = lines[0] == HEAD and len(proof) <= PROOF_MAX and all(len(each) == HASH_BYTES for each in proof)
    if not fits or since is None:
        raise BadLog(Text("that is no evidence about a log"))
    return Evidence(note_of(kept.encode()), note_of(shown.encode()), int(since[1]), proof)


def audit_evidence(evidence: Evidence, keys: Sequence[VerifierKey]) -> Audit:
    """What two checkpoints prove. ``keys``: of the log, and of the other log where it was another."""
    report = Audit(evidence.shown)
    try:
        before = opened(evidence.kept, keys[0])
        report.checkpoint = after = opened(evidence.shown, keys[-1])
    except BadLog as error:
        report.say("signature", False, Text.of_error(error))
        return report
    report.say("signature", True, Text("Both checkpoints are signed."))
    facts = {"before": Number(before.size), "now": Number(after.size)}
    if before.origin != after.origin:
        says = Text("The same centre showed two logs: {one} and {other}.", one=before.origin, other=after.origin)
    elif before.size == after.size and before.root != after.root:
        says = Text("Two histories are proven: {now} entries, signed twice with different roots.").filled(**facts)
    elif before.size > after.size:
        says = Text("The log was shown with {before} entries, and later with {now}.").filled(**facts)
    elif evidence.since != before.size or is_consistent(
        before.size, after.size, before.root, after.root, evidence.proof
    ):
        report.say("grown", True, Text("The later one goes on from the earlier: this is evidence of nothing."))
        return report
    else:
        says = Text(
            "The log of {now} entries was not shown to go on from the {before} that it had: the proof that was given"
            " does not hold. Ask for another one; there is none if the past was changed."
        ).filled(**facts)
    report.say("grown", False, says)
    return report
