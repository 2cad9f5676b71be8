"""What leaves under a policy, class by class, and what no policy lets out, in words. Refuses to know a suspicion."""

from collections.abc import Sequence
from typing import Final

from bavn.actor.door.policy import DoorPolicy
from bavn.app.policy.means import CLASSES, MODES
from bavn.model.text import Text

NEVER: Final = (
    Text("internal addresses, and names of own hosts"),
    Text("user names, e-mail addresses and CPR numbers"),
    Text("paths and queries of URLs, and full DNS queries"),
    Text("raw bytes, packets, exact times, durations and volumes"),
)
"""No field of any message could carry these; what a person attaches to a case by hand is shown to them first."""
_SAID: Final = {
    "automatic": Text("automatically"),
    "ask": Text("only when a person here allows it"),
    "never": Text("never"),
}


def leaves(policy: DoorPolicy) -> list[tuple[str, Text]]:
    """Each privacy class with what of it leaves under this policy."""
    return [
        ("S0", _rounds(policy)),
        ("S0", _commons(policy)),
        *(("S1", one) for one in _reports(policy)),
        ("S2", _sightings(policy)),
        ("S2", _questions(policy)),
        ("S3", _counts(policy)),
        ("S3", _radius(policy)),
        ("S4", _health(policy)),
        ("S5", _people(policy)),
    ]


def _rounds(policy: DoorPolicy) -> Text:
    joined = [policy.join_strong, policy.join_weak]
    if not any(joined):
        return Text("nothing of what is suspicious: the policy takes part in no such round")
    which = {
        (True, True): Text("strong and weak"),
        (True, False): Text("strong"),
        (False, True): Text("weak"),
    }[policy.join_strong, policy.join_weak]
    return Text("shares of rounds for {which} evidence: random to whoever has fewer than the threshold's", which=which)


def _commons(policy: DoorPolicy) -> Text:
    if not policy.join_commons:
        return Text("nothing of what is ordinary here: the policy takes part in no commons round")
    return Text("once a day a share of what is ordinary in the life outside: nothing of it is ever named to anybody")


def _reports(policy: DoorPolicy) -> list[Text]:
    if not (policy.join_strong or policy.join_weak) or not policy.reports_per_day_max:
        return [Text("no report")]
    lines = []
    for mode in reversed(MODES):
        named = [what for field, what in CLASSES.items() if getattr(policy, field) == mode]
        if named:
            said = _SAID[mode]
            lines.append(Text("reports of {named}: {said}", named=_and(named), said=said))
    most = policy.reports_per_day_max
    left_out = len(policy.left_out)
    lines.append(
        Text(
            "at most {most:,} different observables in 24 hours, each told again in every round that reveals it;"
            " only what so many others hold too",
            most=most,
        )
    )
    if left_out:
        lines.append(
            Text.counted(
                "nothing of the observable of leave_out", "nothing of the {count:,} observables of leave_out", left_out
            )
        )
    return lines


def _sightings(policy: DoorPolicy) -> Text:
    if not policy.tell_sightings:
        return Text("no sighting")
    return Text("that a shared indicator was met here: how many in steps, first and last hour")


def _questions(policy: DoorPolicy) -> Text:
    mode = policy.answer_questions if policy.questions_per_day_max else "never"
    return Text("answers to the centre's questions about indicators: {said}", said=_SAID[mode])


def _counts(policy: DoorPolicy) -> Text:
    if not policy.tell_counts or not policy.counts_epsilon_30_days:
        return Text("no counts")
    return Text(
        "once a day, with noise (epsilon {counts_epsilon:g}, at most {counts_epsilon_30_days:g} in 30"
        " days): how many hosts were suspected of what",
        counts_epsilon=policy.counts_epsilon,
        counts_epsilon_30_days=policy.counts_epsilon_30_days,
    )


def _radius(policy: DoorPolicy) -> Text:
    mode = policy.answer_radius if policy.radius_per_day_max else "never"
    return Text(
        "before a release, with noise (epsilon {epsilon:g}): how many hosts a block would hit: {said}",
        epsilon=policy.radius_epsilon,
        said=_SAID[mode],
    )


def _health(policy: DoorPolicy) -> Text:
    if not policy.tell_health:
        return Text("nothing of the node's health")
    return Text("how the node is: version, loss, clock, queue, last round")


def _people(policy: DoorPolicy) -> Text:
    may = {
        Text("answers in cases"): policy.answer_cases,
        Text("answers to warnings"): policy.answer_warnings,
        Text("NIS2 steps"): policy.note_nis2,
        Text.in_context("policy leaves", "evidence"): policy.attach_evidence and policy.evidence_per_day_max > 0,
    }
    named = [what for what, allowed in may.items() if allowed]
    if not named:
        return Text("nothing that people send by hand")
    return Text("what a person here sends by hand and sees first: {named}", named=_and(named))


def _and(words: Sequence[Text]) -> Text:
    if len(words) == 1:
        return words[0]
    return Text("{most} and {last}", most=Text.joined(", ", words[:-1]), last=words[-1])
