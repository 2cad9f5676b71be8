"""What a value of the actor's policy means, in words, and which way a change of it goes.

A field that nobody gave a way breaks tests/app/test_policy_explain.py. Refuses to know a suspicion and to judge.
"""

from enum import StrEnum
from typing import Any, Final

from bavn.model.settings import About
from bavn.model.text import Text


class Way(StrEnum):
    """What follows of a change."""

    MORE_OUT = "more leaves"
    LESS_OUT = "less leaves"
    MORE_BLOCKED = "more without a person"
    LESS_BLOCKED = "less without a person"
    ELSE = "otherwise"


WAYS: Final = {
    Way.MORE_OUT: Text("more can leave"),
    Way.LESS_OUT: Text("less can leave"),
    Way.MORE_BLOCKED: Text("more is blocked without a person"),
    Way.LESS_BLOCKED: Text("less is blocked without a person"),
    Way.ELSE: Text("neither leaves more nor is more blocked"),
}
MODES: Final = ("never", "ask", "automatic")
"""From the strictest on."""
TWO: Final = 2
_UP, _DOWN, _BESIDE = 1, -1, 0
TURNS: Final[dict[str, dict[str, int]]] = {
    "door": {
        "join_strong": _UP,
        "join_weak": _UP,
        "join_commons": _UP,
        "commons_leave_out": _DOWN,
        "strong_p_max": _UP,
        "weak_p_max": _UP,
        "join_walks": _UP,
        "strong_t_min": _DOWN,
        "weak_t_min": _DOWN,
        "members_min": _DOWN,
        "rounds_per_hour_max": _UP,
        "reveal_domain": _UP,
        "reveal_address": _UP,
        "reveal_fingerprint": _UP,
        "reveal_pair": _UP,
        "reveal_chain": _UP,
        "reveal_file": _UP,
        "reports_per_day_max": _UP,
        "tell_sightings": _UP,
        "answer_questions": _UP,
        "questions_per_day_max": _UP,
        "answer_radius": _UP,
        "radius_epsilon": _UP,
        "answer_cases": _UP,
        "answer_warnings": _UP,
        "note_nis2": _UP,
        "attach_evidence": _UP,
        "hear_verdicts": _BESIDE,
        "tell_health": _UP,
        "tell_canaries": _UP,
        "tell_counts": _UP,
        "counts_epsilon": _UP,
        "counts_epsilon_30_days": _UP,
        "leave_out": _DOWN,
    },
    "protect": {
        "automatic": _UP,
        "log_proof": _DOWN,
        "log_witnesses": _BESIDE,
        "block_days_max": _UP,
        "confidence_min": _DOWN,
        "own_domains": _DOWN,
        "never_block_file": _BESIDE,
        "dry_run_hosts_max": _UP,
        "dry_run_share_permille_max": _UP,
        "clinical_networks": _DOWN,
        "function_networks": _BESIDE,
        "rollback": _DOWN,
        "rollback_hosts_more_max": _UP,
        "blocks_per_hour_max": _UP,
        "budget_share_permille_max": _UP,
        "in_force_share_permille_max": _UP,
        "retro_days": _BESIDE,
        "seen_every_s": _BESIDE,
    },
}
"""Field -> whether more of it lets more out ([door]), or blocks more without a person ([protect])."""

CLASSES: Final = {
    "reveal_domain": Text("domains"),
    "reveal_address": Text("addresses"),
    "reveal_fingerprint": Text("JA3, JA4 and certificate fingerprints"),
    "reveal_pair": Text("pairs of TLS fingerprints"),
    "reveal_chain": Text("chains of techniques"),
    "reveal_file": Text("file hashes"),
}
_OFF: Final = {
    "join_strong": Text("Takes part in no round for strong evidence."),
    "join_weak": Text("Takes part in no round for weak evidence."),
    "join_commons": Text("Takes part in no commons round (S0): how many others know something is not learned."),
    "join_walks": Text("A walk of failed tries joins only by its own p."),
    "tell_sightings": Text("No sighting leaves (S2)."),
    "answer_cases": Text("Nothing that the centre asks in a case is answered (S5)."),
    "answer_warnings": Text("No warning is answered (S5)."),
    "note_nis2": Text("No NIS2 step leaves from here (S5)."),
    "attach_evidence": Text("No evidence can be attached to a case (S5)."),
    "hear_verdicts": Text("What the sector's cases came to is not heard here."),
    "tell_health": Text("The node's health is not reported to the centre (S4)."),
    "tell_canaries": Text("No canary goes through the chain, so nobody outside knows that it works (S4)."),
    "tell_counts": Text("No counts leave (S3)."),
    "automatic": Text("Every block waits for a person."),
    "log_proof": Text("Nothing that the centre says waits for a proof from its log."),
    "rollback": Text("A block that hits too much stays until a person lifts it."),
}
_ANSWERS: Final = {
    "automatic": Text(
        "S1 reports of {what} leave automatically, once enough others have shown that they hold the same."
    ),
    "ask": Text("An S1 report of {what} leaves only when a person here has allowed it."),
    "never": Text("No S1 report of {what} ever leaves."),
}
_QUESTIONS: Final = {
    "automatic": Text("The centre's questions are answered from own history automatically (S2)."),
    "ask": Text("A question of the centre is answered only when a person here has allowed it (S2)."),
    "never": Text("No question of the centre is answered."),
}
_RADIUS: Final = {
    "automatic": Text("How many machines a block would hit is told with noise, before a release, automatically (S3)."),
    "ask": Text("How many machines a block would hit is told only when a person here has allowed it (S3)."),
    "never": Text("How many machines a block would hit is never told."),
}


_GUESSED: Final = {
    False: Text(
        "{sentence} At 2 one lying member learns whether this actor holds what it guesses, some six times before the"
        " centre sets it apart; where groups mistrust each other, 3 is recommended."
    ),
    True: Text(
        "{sentence} It takes two lying members to learn whether this actor holds what they guess. The price: where the"
        " sector's rounds for strong evidence need fewer, this actor takes part in none of them; where all need 3,"
        " about 5 in 100 campaigns that were found are not, and 16 are found later, half of them by six hours or more."
    ),
}
"""What ``strong_t_min`` costs: computed, docs/private-join.md (where groups mistrust each other)."""


def means(name: str, value: Any, about: About) -> Text:
    """What the field does with this value."""
    if name in CLASSES:
        said, what = _ANSWERS[value], CLASSES[name]
        return said.filled(what=what)
    if name == "answer_questions":
        return _QUESTIONS[value]
    if name == "answer_radius":
        return _RADIUS[value]
    sentence = Text.documented(about.holds)
    if isinstance(value, bool):
        return sentence if value else _OFF[name]
    if name == "strong_t_min":
        sentence = _GUESSED[value > TWO].filled(sentence=sentence)
    return Text.shaped("{shown}: {sentence}", shown=shown(value, about), sentence=sentence)


def shown(value: Any, about: About) -> str:
    """A value as the file says it, with its unit."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, str):
        return f'"{value}"'
    return f"{value:g} {about.unit}".strip() if isinstance(value, float) else f"{value} {about.unit}".strip()


def ways(table: str, name: str, before: Any, after: Any) -> tuple[Way, ...]:
    """What follows when the field goes from one value to another: both ways where a list lost some and got others.
    Empty where nothing changes."""
    if before == after:
        return ()
    turn = TURNS[table][name]
    if turn == _BESIDE:
        return (Way.ELSE,)
    more, less = (Way.MORE_OUT, Way.LESS_OUT) if table == "door" else (Way.MORE_BLOCKED, Way.LESS_BLOCKED)
    if isinstance(before, list | tuple):
        grown, lost = set(after) - set(before), set(before) - set(after)
        gone = (less if turn == _UP else more,) if lost else ()
        come = (more if turn == _UP else less,) if grown else ()
        return (*gone, *come) or (Way.ELSE,)
    rising = _height(after) > _height(before)
    return (more if rising == (turn == _UP) else less,)


def _height(value: Any) -> float:
    return float(MODES.index(value)) if value in MODES else float(value)
