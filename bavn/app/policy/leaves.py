"""What leaves under a policy, class by class, and what no policy lets out, in words. Refuses to know a suspicion."""

from collections.abc import Sequence
from typing import Final

from bavn.actor.door.policy import DoorPolicy
from bavn.app.policy.means import CLASSES, MODES
from bavn.model.text import Text

NEVER: Final = (
    Text("internal addresses, and names of own hosts", "interne adresser og navne på egne maskiner"),
    Text("user names, e-mail addresses and CPR numbers", "brugernavne, e-mailadresser og CPR-numre"),
    Text("paths and queries of URLs, and full DNS queries", "stier og forespørgsler i URL'er og fulde DNS-opslag"),
    Text(
        "raw bytes, packets, exact times, durations and volumes",
        "rå bytes, pakker, præcise tider, varigheder og mængder",
    ),
)
"""No field of any message could carry these; what a person attaches to a case by hand is shown to them first."""
_SAID: Final = {
    "automatic": Text("automatically", "automatisk"),
    "ask": Text("only when a person here allows it", "kun når et menneske her tillader det"),
    "never": Text("never", "aldrig"),
}


def leaves(policy: DoorPolicy) -> list[tuple[str, Text]]:
    """Each privacy class with what of it leaves under this policy."""
    return [
        ("S0", _rounds(policy)),
        *(("S1", one) for one in _reports(policy)),
        ("S2", _sightings(policy)),
        ("S2", _questions(policy)),
        ("S3", _counts(policy)),
        ("S4", _health(policy)),
        ("S5", _people(policy)),
        ("S5", _exercises(policy)),
    ]


def _rounds(policy: DoorPolicy) -> Text:
    joined = [policy.join_strong, policy.join_weak]
    if not any(joined):
        return Text("nothing: the policy takes part in no round", "intet: politikken deltager ikke i nogen runde")
    which = {
        (True, True): Text("strong and weak", "stærkt og svagt"),
        (True, False): Text("strong", "stærkt"),
        (False, True): Text("weak", "svagt"),
    }[policy.join_strong, policy.join_weak]
    return Text(
        f"shares of rounds for {which.en} evidence: random to whoever has fewer than the threshold's",
        f"andele af runder for {which.da} bevis: tilfældige for den, der har færre end tærsklens",
    )


def _reports(policy: DoorPolicy) -> list[Text]:
    if not (policy.join_strong or policy.join_weak) or not policy.reports_per_day_max:
        return [Text("no report", "ingen melding")]
    made = []
    for mode in reversed(MODES):
        named = [what for field, what in CLASSES.items() if getattr(policy, field) == mode]
        if named:
            said = _SAID[mode]
            made.append(
                Text(f"reports of {_and(named, 'en')}: {said.en}", f"meldinger om {_and(named, 'da')}: {said.da}")
            )
    most = policy.reports_per_day_max
    left_out = len(policy.left_out)
    made.append(
        Text(
            f"at most {most} a day, and only what so many others hold too",
            f"højst {most} om dagen og kun, hvad så mange andre også har",
        )
    )
    if left_out:
        made.append(
            Text(
                f"nothing of the {left_out} observables of leave_out", f"intet af de {left_out} observabler i leave_out"
            )
        )
    return made


def _sightings(policy: DoorPolicy) -> Text:
    if not policy.tell_sightings:
        return Text("no sighting", "ingen observation")
    return Text(
        "that a shared indicator was met here: how many in steps, first and last hour",
        "at en delt indikator er mødt her: hvor mange i trin, første og sidste time",
    )


def _questions(policy: DoorPolicy) -> Text:
    mode = policy.answer_questions if policy.questions_per_day_max else "never"
    return Text(
        f"answers to the centre's questions about indicators: {_SAID[mode].en}",
        f"svar på centralens spørgsmål om indikatorer: {_SAID[mode].da}",
    )


def _counts(policy: DoorPolicy) -> Text:
    if not policy.tell_counts or not policy.counts_epsilon_30_days:
        return Text("no counts", "ingen antal")
    return Text(
        f"once a day, with noise (epsilon {policy.counts_epsilon:g}, at most {policy.counts_epsilon_30_days:g} in 30"
        " days): how many hosts were suspected of what",
        f"én gang om dagen, med støj (epsilon {policy.counts_epsilon:g}, højst {policy.counts_epsilon_30_days:g} på 30"
        " dage): hvor mange maskiner der blev mistænkt for hvad",
    )


def _health(policy: DoorPolicy) -> Text:
    if not policy.tell_health:
        return Text("nothing of the node's health", "intet om nodens helbred")
    return Text(
        "how the node is: version, loss, clock, queue, last round",
        "hvordan noden har det: version, tab, ur, kø, seneste runde",
    )


def _people(policy: DoorPolicy) -> Text:
    may = {
        Text("answers in cases", "svar i sager"): policy.answer_cases,
        Text("answers to warnings", "svar på varsler"): policy.answer_warnings,
        Text("NIS2 steps", "NIS2-trin"): policy.note_nis2,
        Text("evidence", "beviser"): policy.attach_evidence and policy.evidence_per_day_max > 0,
    }
    named = [what for what, allowed in may.items() if allowed]
    if not named:
        return Text("nothing that people send by hand", "intet, som folk sender i hånden")
    return Text(
        f"what a person here sends by hand and sees first: {_and(named, 'en')}",
        f"hvad et menneske her sender i hånden og ser først: {_and(named, 'da')}",
    )


def _exercises(policy: DoorPolicy) -> Text:
    mode = _SAID[policy.exercises]
    return Text(
        f"how far an exercise has come here, of rows that are made up: {mode.en}",
        f"hvor langt en øvelse er nået her, om opfundne rækker: {mode.da}",
    )


def _and(words: Sequence[Text], language: str) -> str:
    said = [one.da if language == "da" else one.en for one in words]
    last = " og " if language == "da" else " and "
    return last.join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
