"""A suspicion made into a training case that names nobody, for whoever carries it out.

Refuses a case that does not teach what happened: the very detector must conclude the same from it.
"""

import hashlib
import json
from pathlib import Path

from bavn.actor.door.suspicions import Ranked
from bavn.app.access.rights import Right
from bavn.app.acts.act import ActRefused, act
from bavn.app.acts.node.here import Here
from bavn.app.analyst.evidence_of import GATE
from bavn.app.analyst.training import Case, case_of, write
from bavn.model.text import Text
from bavn.wire.ledger import Ledger, Note


@act(Right.SOC_TRIAGE, by_command_alone=True)
def replay(here: Here, by: str, entry: Ranked, folder: Path, rows: int) -> Case:
    """Make a training case of a suspicion: its records as EVE of a network that does not exist, questions and answers.

    Own addresses, names, users, files, paths and dates are replaced; what lies outside stays. The ledger holds a line.
    """
    if folder.exists():
        raise ActRefused(422, "folder-there", Text("{file} exists: name a new folder", file=folder), whole=False)
    case = case_of(here.config(), entry.suspicion, rows)
    whole = b"".join(content for _, content in sorted(case.files.items()))
    digest = hashlib.sha256(whole).hexdigest()
    summary = {
        "suspicion": entry.suspicion.id,
        "folder": folder.name,
        "lines": case.lines,
        "by": by,
        "sha256": digest,
    }
    note = Note(
        kind="TrainingCase",
        item_id=digest,
        peer="file",
        privacy="",
        bytes=len(whole),
        summary=json.dumps(summary, ensure_ascii=False, sort_keys=True),
    )
    with here.book() as book:  # before anything is written
        Ledger(book).append(here.clock.now_us(), GATE, "out", note)
    write(case, folder)
    return case
