"""What is wrong with the centre's log as this node saw it: two histories, none shown any more, or other releases than
those that came here.

Refuses to look at the log: the door does, as a witness.
"""

from typing import Final

from bavn.actor.door.conversations.witness_book import FixedOtherwise, LogEvidence, LogWatch, ReleaseGaps
from bavn.app.process.problem import Problem
from bavn.model.moment import DAY_US, iso
from bavn.model.spans import lasting
from bavn.model.text import Number, Text

STALE_US: Final = DAY_US
"""A centre's log grows by the hour: one that a node is shown nothing of for so long is kept from it."""
ROUND_SHOWN: Final = 8
RULES: Final = {
    "log_signature": Text("a checkpoint that the log's own key did not sign"),
    "log_origin": Text("another log, under another name or key"),
    "log_shorter": Text("a log that is shorter than it was: something was taken out, or it shows two faces"),
    "log_other_past": Text("a log that does not go on from what it was: its past was changed, or it shows two faces"),
}


_KEPT_BACK: Final = Text(
    "the centre's log holds releases that never came here: {count}. Ask the centre whether it stopped them at its first"
    " members; if not, it releases to some only"
)
_PASSED_OVER: Final = Text(
    "releases came here that the centre's log does not hold, though later ones were proven: {count}. Ask the centre and"
    " other members before you rely on them"
)
_FIXED: Final = Text(
    "{when}: the centre fixed a round ({round}) without showing that this node's upload is in it as it was sent: it"
    " changed it, or took another. What it calls the hits of that round rests on something else. Tell the other members"
    " before the centre, keep this node's ledger (bavn node ledger), and ask for an audit of the round (bavn centre"
    " round-audit, then bavn audit)"
)
_NO_PROOFS: Final = Text(
    "the centre has proven no release for {since}: fewer than half of the members cosign its log, or it keeps the"
    " proofs back. Where the policy asks for proofs, blocks wait for a person; ask the centre"
)


def evidence_words(evidence: LogEvidence) -> Text:
    """What the centre showed, and when."""
    when = iso(evidence.at_us)[:19] + "Z"
    return Text("{when}: the centre showed {what}", when=when, what=RULES[evidence.rule])


def log_act(evidence: LogEvidence) -> Text:
    """Who does what about it. A log under another name is also what a backup that was put back makes."""
    if evidence.rule == "log_origin":
        return Text(
            "ask the centre's people; if they put a backup back: bavn node watch-centre --begin-anew WHY; if somebody"
            " else had their key: bavn node centre-replaced; else tell the other members"
        )
    return Text(
        "tell the other members, before the centre, and keep what was shown: bavn node watch-centre --evidence FILE"
    )


def log_problems(watch: LogWatch, now_us: int) -> list[Problem]:
    """The first that nobody here has dealt with, and what it caught the centre at."""
    fixed = [_fixed_problem(each) for each in watch.fixed_otherwise[:1]]
    return fixed + _of_growth(watch, now_us)


def _fixed_problem(fixed: FixedOtherwise) -> Problem:
    when, short = iso(fixed.at_us)[:19] + "Z", fixed.round_id[:ROUND_SHOWN]
    return Problem(code="log_upload_changed", source="centre", text=_FIXED.filled(when=when, round=short))


def _of_growth(watch: LogWatch, now_us: int) -> list[Problem]:
    open_cases = [each for each in watch.evidence if each.done_us is None]
    if open_cases:
        newest = open_cases[-1]
        text = Text.shaped("{what}: {act}", what=evidence_words(newest), act=log_act(newest))
        return [Problem(code="log_faces", source="centre", text=text)]
    standing, gaps = watch.standing, _gap_problems(watch.releases, now_us)
    if standing is None or now_us - max(standing.seen_us, watch.began_us) <= STALE_US:
        return gaps
    since = lasting(now_us - standing.seen_us)
    text = Text(
        "the centre has shown nothing of its log that goes on from what it was for {since}: ask it why", since=since
    )
    return [Problem(code="log_behind", source="centre", text=text)]


def _gap_problems(gaps: ReleaseGaps, now_us: int) -> list[Problem]:
    """What the log holds of releases and what came here do not agree."""
    problems = []
    if gaps.kept_back:
        problems.append(("log_release_kept_back", _KEPT_BACK.filled(count=Number(gaps.kept_back))))
    if gaps.passed_over:
        problems.append(("log_release_unproven", _PASSED_OVER.filled(count=Number(gaps.passed_over))))
    elif gaps.waiting:
        problems.append(("log_proofs_late", _NO_PROOFS.filled(since=lasting(now_us - gaps.since_us))))
    return [Problem(code=code, source="centre", text=text) for code, text in problems]
