"""What a drawn sector has beside its work: a roll-out with a plan that slipped, warnings that actors answered,
exercises. All of it by the books that people use; the steps were taken in the weeks before."""

from bavn.app.centre.rollout_parts import rollout_over
from bavn.app.web.sac.context import SacContext
from bavn.centre.cases.exercises.exercises import Exercises
from bavn.centre.cases.warnings.warnings import Warnings
from bavn.centre.desk.rolling import Entry, RollOut
from bavn.centre.members.terms import Signing, Terms
from bavn.centre.node.warning_post import addressees
from bavn.model.intel.indicator import Pap, Tlp
from bavn.model.moment import DAY_US, HOUR_US, iso
from bavn.model.observable import Observable
from bavn.model.received import ExerciseStatement, WarningAnswer
from bavn.model.sector.exercise import ActorStep, Campaign, Plan, Role
from bavn.model.sector.rollout import RolloutAct, Stage, Wait
from bavn.model.sector.sector_warning import Address, Content, Urgency
from bavn.model.text import Text
from bavn.rehearsal.clock import SimClock
from tests.app.web.drawn_sector import ANNA, BO

PROTOCOL = "5a" * 32


def add(house: SacContext) -> None:
    """Everything below, once."""
    rollout(house)
    warnings(house)
    exercises(house)


def rollout(house: SacContext) -> None:
    """Members as they stand, one of them set back and proved anew, and four actors on their way in."""
    today = house.clock.now_us() // DAY_US
    clock = SimClock(house.clock.now_us() - 60 * DAY_US)
    opened = rollout_over(house.file, house.registry, clock)
    opened.adopt(ANNA, "they were here before the register")
    opened.register(
        [
            Entry(actor="it-nord", kind="it-centre", title="IT Nord", region="north"),
            Entry(
                actor="clinic-north",
                kind="clinic",
                title="Clinic North",
                region="north",
                waits=(Wait("clinic-north", Stage.AGREEMENT, "it-nord", Stage.OPERATING),),
            ),
            Entry(actor="kommune-syd", kind="municipality", title="Kommune Syd", region="south"),
            Entry(actor="harbour-clinic", kind="clinic", title="Harbour Clinic"),
        ],
        ANNA,
    )
    for actor, days in (
        ("it-nord", (-58, -44, -12, 5, 12, 40, 47)),
        ("clinic-north", (-50, -30, 14, 30, 37, 60, 67)),
        ("kommune-syd", (-20, 3, 20, 41, 48, 80, 87)),
        ("region-syd", (None, None, None, -31, -24, 6, 13)),
    ):
        stages = [one for one in Stage if one.value not in ("candidate", "suspended", "leaving", "left")]
        for stage, day in zip(stages, days, strict=True):
            if day is not None:
                opened.plan(actor, stage, today + day, ANNA, "steering group")
    terms = Terms(
        purpose_en="Protect the sector.",
        purpose_da="Beskytte sektoren.",
        legal_basis="The law.",
        classes=("S0", "S1", "S2", "S4"),
        retention_days=180,
        valid_days=1100,
    )
    opened.publish_terms(terms, ANNA, "first version")
    _steps(opened, clock)
    opened.plan("it-nord", Stage.ENROLLED, today - 3, BO, "its server came late")
    opened.plan("region-syd", Stage.PROVED, today + 9, BO, "its test was moved")


def _steps(opened: RollOut, clock: SimClock) -> None:
    act = RolloutAct
    for days, actor, step in (
        (2, "it-nord", act.PLAN),
        (6, "clinic-north", act.PLAN),
        (14, "it-nord", act.AGREE),
        (4, "region-syd", act.SET_BACK),
        (3, "region-syd", act.ACCEPT),
        (8, "region-syd", act.TRY),
        (6, "kommune-syd", act.PLAN),
    ):
        clock.advance(days * DAY_US)
        if step in (act.AGREE, act.TRY):
            signed = Signing(
                signed_by="the director", as_what="director", day=iso(clock.now_us())[:10], document=PROTOCOL
            )
            opened.sign(actor, signed, ANNA)
        by_hand = step is act.ACCEPT
        opened.move(actor, step, ANNA, "as planned", PROTOCOL if by_hand else "", by_hand=by_hand)


def warnings(house: SacContext) -> None:
    """One in force that some answered, some are late with and one was not told; one draft, and one that is over."""
    clock = SimClock(house.clock.now_us() - 48 * HOUR_US)
    kept = Warnings(house.registry.engine, clock)
    mail = Content(
        title=Text.written("False mails from a supplier", da="Falske mails fra en leverandør"),
        text=Text.written("Do not open them.", da="Åbn dem ikke."),
        urgency=Urgency.IMPORTANT,
        tlp=Tlp.GREEN,
        pap=Pap.GREEN,
    )
    kept.draft(mail, Address(suppliers=("kmd",)), ANNA)
    old = kept.send(kept.draft(mail, Address(), BO).id, BO, "three have got them")
    who = addressees(house.registry, clock)
    kept.step(who)
    for owed in kept.owed(who):
        kept.done(owed, "", None)
    kept.end(old.id, BO, "they have stopped")
    clock.advance(18 * HOUR_US)
    gateway = Content(
        title=Text.written("Patch the gateway now", da="Opdater gatewayen nu"),
        text=Text.written(
            "A flaw in the gateway is used against the sector.\n\nPatch it today and look for the name below.",
            da="En fejl i gatewayen udnyttes mod sektoren.\n\nOpdater den i dag, og se efter navnet herunder.",
        ),
        urgency=Urgency.CRITICAL,
        tlp=Tlp.AMBER,
        pap=Pap.AMBER,
        observables=(Observable.of("domain", "gateway-update.net"),),
        acknowledge_hours=24,
        hours=14 * 24,
    )
    sent = kept.send(kept.draft(gateway, Address(kinds=("municipality", "region")), ANNA).id, ANNA, "seen in use")
    kept.step(who)
    for owed in kept.owed(who):
        kept.done(owed, "warning_names" if owed.to == "kommune-vest" else "", None)
    for serial, (actor, act, words) in enumerate(
        (
            ("region-nord", "affected", "two gateways, patched tonight"),
            ("region-syd", "not-affected", ""),
            ("region-nord", "done", ""),
        )
    ):
        clock.advance(2 * HOUR_US)
        kept.take_in(
            WarningAnswer(
                item_id="i",
                actor=actor,
                warning_id=sent.id,
                version=sent.version,
                serial=serial,
                act=act,
                words=words,
                received_us=clock.now_us(),
            )
        )


def exercises(house: SacContext) -> None:
    """One that is over, with its release; one in progress, in which each actor came to another point."""
    step, aims = (
        ActorStep,
        (
            Text.written("A person looks within 30 minutes.", da="Et menneske ser på det inden 30 minutter."),
            Text.written("The block is in force within an hour.", da="Spærringen virker inden en time."),
        ),
    )
    clock = SimClock(house.clock.now_us() - 30 * HOUR_US)
    kept = Exercises(house.registry.engine, clock)
    whole = (step.ALLOWED, step.INJECTED, step.SUSPECTED, step.LET_OUT, step.SEEN)
    old = _played(kept, clock, Text.written("Summer", da="Sommer"), aims, {"region-nord": whole, "region-syd": whole})
    kept.confirm(old, ANNA)
    kept.release(old, BO)
    clock.advance(HOUR_US)
    _hear(kept, old, "region-nord", (step.BLOCKED, step.CLEANED), 90)
    _hear(kept, old, "region-syd", (step.WAITS,), 90)
    kept.end(old, BO, "all was played")
    clock.until(house.clock.now_us() - HOUR_US)
    _played(
        kept,
        clock,
        Text.written("Autumn", da="Efterår"),
        aims,
        {
            "region-nord": whole,
            "region-syd": whole[:4],
            "kommune-oest": (*whole[:2], step.MISSED),
            "it-supplier": (step.DECLINED,),
            "data-agency": (),
            "clinic-west": (*whole[:3], step.KEPT),
        },
    )


def _played(
    kept: Exercises, clock: SimClock, title: Text, aims: tuple[Text, ...], steps: dict[str, tuple[ActorStep, ...]]
) -> str:
    """Planned, started, told, and played so far; its id."""
    now_us = clock.now_us()
    roles = tuple(
        Role(actor=name, campaign=list(Campaign)[at % 2], after_minutes=5 * at) for at, name in enumerate(steps)
    )
    plan = Plan(title=title, objectives=aims, roles=roles, begins_us=now_us, ends_us=now_us + 4 * HOUR_US)
    made = kept.start(kept.plan(plan, ANNA).id, ANNA).id
    for owed in kept.owed(list(steps)):
        kept.done(owed, "", None)
    for name, said in steps.items():
        _hear(kept, made, name, said, 1)
    clock.advance(HOUR_US // 2)
    kept.step()
    return made


def _hear(kept: Exercises, exercise_id: str, actor: str, steps: tuple[ActorStep, ...], minute: int) -> None:
    for at, step in enumerate(steps):
        suspected = step is ActorStep.SUSPECTED
        kept.take_in(
            ExerciseStatement(
                item_id="i",
                actor=actor,
                exercise_id=exercise_id,
                serial=minute * 10 + at,
                step=step,
                second=(minute + 4 * at) * 60,
                detector="beacon" if suspected else None,
                p_bucket=9 if suspected else None,
                received_us=kept._clock.now_us(),
            )
        )
