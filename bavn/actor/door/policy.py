"""The actor's own policy for what may leave: one frozen record, each field with unit, default and sentence.

The default lets strong and weak suspicions into the private join and answers reveal requests by itself, since a
reveal needs the receipts of other actors first. Everything can be turned off field by field. Refuses to know any
suspicion.
"""

from dataclasses import dataclass, fields

from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.settings import SettingsError, setting
from bavn.model.text import Text
from bavn.psi.ordinary import Ordinary, OrdinaryType

REVEAL_MODES = ("automatic", "ask", "never")
MODAL = ("answer_questions", "answer_radius")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPolicy:
    """``[door]`` of the policy file. SettingsError for a reveal mode or an observable that does not exist."""

    join_strong: bool = setting(
        default=True, holds="Take part in rounds for strong local evidence (tier A, two actors suffice)."
    )
    join_weak: bool = setting(
        default=True, holds="Take part in rounds for weak local evidence (tier B, three actors are needed)."
    )
    join_commons: bool = setting(
        default=True,
        holds="Take part in the daily commons round: learn of what is ordinary here how many others know it.",
    )
    commons_leave_out: tuple[str, ...] = setting(
        (),
        holds='What never takes part in the commons round, as "type:value" (a supplier) or a whole type: user-agent.',
    )
    strong_p_max: float = setting(
        0.005, holds="A suspicion at or below this p-value counts as strong.", low=1e-9, high=0.05
    )
    weak_p_max: float = setting(
        0.05,
        holds="A suspicion at or below this p-value counts as weak; above it, it stays at home.",
        low=1e-9,
        high=0.5,
    )
    join_walks: bool = setting(
        default=False,
        holds="Sources from outside with three more failed tries than good ones join as weak, whatever their p.",
    )
    strong_days: int = 7
    """How long a strong suspicion stays in the set after its last record."""
    weak_days: int = 3
    """How long a weak suspicion stays in the set after its last record."""
    strong_t_min: int = setting(
        2, unit="actors", holds="The fewest actors a round for strong evidence may ask for.", low=2, high=8
    )
    weak_t_min: int = setting(
        3, unit="actors", holds="The fewest actors a round for weak evidence may ask for.", low=2, high=8
    )
    members_min: int = setting(
        3, unit="actors", holds="The fewest members a round must have before this actor takes part.", low=2, high=1000
    )
    set_elements_max: int = 10_000
    """The largest padded set this actor prepares for a round."""
    rounds_per_hour_max: int = setting(
        40, unit="rounds", holds="More rounds than this in an hour are refused.", low=1, high=3600
    )
    reveal_domain: str = setting("automatic", holds="Answer for a domain: automatic, ask or never.")
    reveal_address: str = setting("automatic", holds="Answer for an address: automatic, ask or never.")
    reveal_fingerprint: str = setting(
        "automatic", holds="Answer for a JA3, JA4 or certificate fingerprint: automatic, ask or never."
    )
    reveal_pair: str = setting(
        "automatic", holds="Answer for a pair of TLS fingerprints (client and server): automatic, ask or never."
    )
    reveal_chain: str = setting(
        "automatic", holds="Answer for a chain of techniques with its period: automatic, ask or never."
    )
    reveal_file: str = setting("automatic", holds="Answer for a file hash: automatic, ask or never.")
    reports_per_day_max: int = setting(
        200,
        unit="observables",
        holds="The most different observables that are reported in 24 hours; others are refused. One that was reported"
        " counts once, and is reported again in every round that reveals it.",
        low=0,
        high=100_000,
    )
    tell_sightings: bool = setting(
        default=True, holds="Tell the centre when a shared indicator is met here, by count bucket and hour."
    )
    answer_questions: str = setting(
        "automatic",
        holds="Answer the centre's questions about indicators from own history: automatic, ask or never; the stricter"
        " of this and reveal_* of the class counts.",
    )
    questions_per_day_max: int = setting(
        50, unit="indicators", holds="The most indicators the centre may ask about in 24 hours.", low=0, high=10_000
    )
    answer_radius: str = setting(
        "automatic",
        holds="Tell the centre, with noise, how many hosts here use what it is about to block: automatic, ask or never;"
        " the stricter of this and reveal_* of the class counts.",
    )
    radius_epsilon: float = setting(
        0.1,
        holds="Epsilon (differential privacy) of one such answer, given once for a name; smaller is noisier.",
        low=0.05,
        high=10.0,
    )
    radius_per_day_max: int = 10
    """The most names that such answers are given on in 24 hours."""
    answer_cases: bool = setting(
        default=True, holds="People here may answer what the centre asks this actor in a case."
    )
    case_answers_per_day_max: int = 200
    """The most answers to cases, and as many to warnings, that leave in 24 hours."""
    answer_warnings: bool = setting(
        default=True, holds="People here may answer the centre's warnings: acknowledged, affected or not, done."
    )
    note_nis2: bool = setting(
        default=True, holds="People here may note NIS2's steps of this actor for the centre's clocks."
    )
    attach_evidence: bool = setting(default=True, holds="People here may attach evidence to a case, after a preview.")
    evidence_per_day_max: int = 10
    """The most evidence that leaves in 24 hours, 4 MiB each."""
    hear_verdicts: bool = setting(
        default=True, holds="What the sector's cases came to weighs in this actor's own list, as advice."
    )
    verdicts_per_day_max: int = 500
    """The most that the sector may judge here in 24 hours."""
    tell_health: bool = setting(default=True, holds="Report the node's health to the centre.")
    tell_canaries: bool = setting(
        default=True,
        holds="Send the daily canary through the whole chain, and tell the centre how far it came (docs/canaries.md).",
    )
    tell_counts: bool = setting(
        default=True, holds="Tell the centre once a day, with noise, how many hosts were suspected of what."
    )
    counts_epsilon: float = setting(
        1.0, holds="Epsilon (differential privacy) of a day's counts; smaller is noisier.", low=0.1, high=10.0
    )
    counts_epsilon_30_days: float = setting(
        30.0, holds="The most epsilon in any 30 days; once it is spent, no counts leave.", low=0.0, high=300.0
    )
    counts_cell_max: int = 1000
    """No single count is told above this, noise apart."""
    leave_out: tuple[str, ...] = setting(
        (), holds='Observables that never take part, as "type:value" (own services, suppliers).'
    )

    def __post_init__(self) -> None:
        for entry in fields(self):
            modal = entry.name.startswith("reveal_") or entry.name in MODAL
            if modal and getattr(self, entry.name) not in REVEAL_MODES:
                raise SettingsError(
                    Text("door.{entry} must be one of {named}", entry=entry.name, named=", ".join(REVEAL_MODES))
                )
        for text in self.leave_out:
            kind, _, value = text.partition(":")
            try:
                Observable.of(kind, value)
            except (NotCanonical, ValueError) as error:
                raise SettingsError(
                    Text(
                        "door.leave_out: {text} is no observable ({error})", text=repr(text), error=Text.of_error(error)
                    )
                ) from error
        for text in self.commons_leave_out:
            if not _may_be_left_out(text):
                raise SettingsError(
                    Text("door.commons_leave_out: {text} is neither a type nor one of its values", text=repr(text))
                )

    @property
    def left_out(self) -> frozenset[Observable]:
        return frozenset(Observable.of(*text.split(":", 1)) for text in self.leave_out)

    def reveal_mode(self, kind: ObservableType) -> str:
        """automatic, ask or never, for an observable of this type."""
        if kind is ObservableType.DOMAIN:
            return self.reveal_domain
        if kind in (ObservableType.IP4, ObservableType.IP6):
            return self.reveal_address
        others = {
            ObservableType.SHA256: self.reveal_file,
            ObservableType.FP_PAIR: self.reveal_pair,
            ObservableType.CHAIN: self.reveal_chain,
        }
        return others.get(kind, self.reveal_fingerprint)


def _may_be_left_out(text: str) -> bool:
    """Whether it is a type of what takes part in the commons, or one of its values in its one spelling."""
    kind, colon, value = text.partition(":")
    try:
        if kind in set(OrdinaryType):
            return not colon or str(Ordinary.of(OrdinaryType(kind), value)) == text
        return (not colon and kind in set(ObservableType)) or str(Observable.of(kind, value)) == text
    except (NotCanonical, ValueError):
        return False
