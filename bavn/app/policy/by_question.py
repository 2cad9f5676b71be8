"""The policy's fields by the question that a person has of it, each with what it gives and what it costs.

Every field stands below exactly one question (tests/app/test_policy_explain.py). Refuses to know what is set.
"""

from dataclasses import dataclass
from typing import Final

from bavn.model.text import Text


@dataclass(frozen=True, slots=True)
class PolicyQuestion:
    """``name`` for addresses; ``fields`` of ``table`` in the order in which they are read."""

    name: str
    table: str
    asks: Text
    gives: Text
    costs: Text
    fields: tuple[str, ...]


QUESTIONS: Final = (
    PolicyQuestion(
        "names",
        "door",
        Text("What may be said of names and addresses outside?"),
        Text("Others find an attack that was seen here, and what is confirmed can be blocked everywhere."),
        Text("The analysis centre learns that this actor met that name or address."),
        ("reveal_domain", "reveal_address", "leave_out"),
    ),
    PolicyQuestion(
        "clients",
        "door",
        Text("What may be said of clients, files and chains of technique?"),
        Text("An attacker who changes names often is still known by the program, file or habit."),
        Text("The analysis centre learns that a program of this kind ran here; of whom is never said."),
        ("reveal_fingerprint", "reveal_pair", "reveal_chain", "reveal_file"),
    ),
    PolicyQuestion(
        "compare",
        "door",
        Text("What is compared with others before anything is named?"),
        Text("Weak signs that nobody would act on alone are found where several have the same."),
        Text("Random shares leave in every round: below the threshold nobody can read them."),
        (
            "join_strong",
            "join_weak",
            "join_walks",
            "strong_p_max",
            "weak_p_max",
            "strong_t_min",
            "weak_t_min",
            "members_min",
            "join_commons",
            "commons_leave_out",
        ),
    ),
    PolicyQuestion(
        "asked",
        "door",
        Text("What may the centre ask, and who answers?"),
        Text("The sector learns whom else an attack met, and people here work on cases with others."),
        Text("An answer says what was met here; automatic answers leave without a person."),
        (
            "answer_questions",
            "answer_radius",
            "answer_cases",
            "answer_warnings",
            "attach_evidence",
            "note_nis2",
        ),
    ),
    PolicyQuestion(
        "told",
        "door",
        Text("What is told without being asked?"),
        Text("The sector sees whether its blocks work, where it is blind, and how the year goes."),
        Text("The centre learns how this node is and which shared indicators it met; counts carry noise."),
        (
            "tell_sightings",
            "tell_health",
            "tell_canaries",
            "tell_counts",
            "counts_epsilon",
            "counts_epsilon_30_days",
            "hear_verdicts",
        ),
    ),
    PolicyQuestion(
        "most",
        "door",
        Text("How much may leave at most?"),
        Text("A centre that was broken into gets no more than this in a day."),
        Text("What is above the bound on a bad day is refused, when it might matter most."),
        ("reports_per_day_max", "questions_per_day_max", "radius_epsilon", "rounds_per_hour_max"),
    ),
    PolicyQuestion(
        "alone",
        "protect",
        Text("What may be blocked without a person?"),
        Text("A block stands within seconds, also at night."),
        Text("A wrong block stands until its end, its rollback or a person."),
        ("automatic", "confidence_min", "block_days_max", "log_proof", "log_witnesses"),
    ),
    PolicyQuestion(
        "never",
        "protect",
        Text("What is never blocked?"),
        Text("What care rests on goes on, whatever the sector says."),
        Text("An attack that hides behind these is not stopped by a block."),
        ("own_domains", "never_block_file", "clinical_networks", "function_networks"),
    ),
    PolicyQuestion(
        "tried",
        "protect",
        Text("How is a block tried before it stands, and when is it taken back?"),
        Text("A block that would hit many here waits for a person, and one that hits more than it promised is lifted."),
        Text("With narrow bounds more blocks wait for somebody to look."),
        ("dry_run_hosts_max", "dry_run_share_permille_max", "rollback", "rollback_hosts_more_max"),
    ),
    PolicyQuestion(
        "bounds",
        "protect",
        Text("How many blocks at most?"),
        Text("A centre that was broken into cannot cut this actor off."),
        Text("In a large attack the last indicators wait."),
        ("blocks_per_hour_max", "budget_share_permille_max", "in_force_share_permille_max"),
    ),
    PolicyQuestion(
        "pace",
        "protect",
        Text("How far back is looked, and how often?"),
        Text("What was met last week is found once it is known to be bad."),
        Text("Looking takes time of this machine's processor."),
        ("retro_days", "seen_every_s"),
    ),
)
