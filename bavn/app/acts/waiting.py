"""What waits for a person, as one line each: what it will do, who asked, who may do it and who cannot, and how.

``centre/waiting.py`` and ``node/waiting.py`` make the lines; consoles and command line show them. Refuses to do
anything: a line names the act, and the act asks for its right itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from bavn.app.access.accounts import Account
from bavn.app.access.handed import CannotHand, Handed, HandOver
from bavn.app.access.rights import RIGHTS, Right, Role, rights_of
from bavn.app.acts.act import Act, ActRefused
from bavn.model.moment import iso
from bavn.model.principal import no_second
from bavn.model.spans import lasting
from bavn.model.text import Number, Text

LINES_MAX: Final = 50
"""So many lines of one kind, the oldest first; a page has them all."""
PEOPLE_MAX: Final = 8
"""So many names stand in a sentence."""
SAME: Final = Text("You asked for it: it takes somebody else.")
NO_RIGHT: Final = Text("Your role does not do this.")
GONE: Final = Text("That does not wait any more: somebody did it, or took it back.")
PRESSING: Final = 3
Weight = Literal[1, 2, 3]
"""How much it presses: 3 an attack that was met, 2 what protects or answers somebody, 1 the rest."""
_KEEPERS: Final = frozenset({Right.READ, Right.SOC_READ, Right.AUDIT, Right.ACCOUNTS_LOG})
"""Whoever has these alone watches, and asks nobody to do anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How it is done at once: a POST of ``body`` to ``path`` below /api/v1. ``why``: with a reason beside it."""

    verb: Text
    path: str
    body: Mapping[str, str | int | bool] = field(default_factory=dict)
    why: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why several lines stand there together: ``key`` is the same for all of them; ``what``: what they are, in the
    plural; ``who``: whom this one is about."""

    key: str
    what: Text
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing that waits. ``subject`` names it within its kind; ``will``: what doing it does, in one sentence;
    ``act``: what is done; ``by``: who asked, empty where no person did; ``second``: it takes somebody beside them;
    ``page``: where all of it stands; ``step`` None: it is done there; ``due_us``: by when, which stands behind
    ``what``; ``cause`` None: it is the only one of its cause."""

    kind: str
    subject: str
    what: Text
    will: Text
    act: Act[..., Any]
    page: str
    since_us: int
    by: str = ""
    second: bool = False
    weight: Weight = 1
    step: Step | None = None
    node: str = ""
    due_us: int | None = None
    cause: Cause | None = None

    @property
    def thing(self) -> str:
        """Its name in what people hand to each other."""
        return f"{self.node}/{self.kind}/{self.subject}"

    def by_when(self, now_us: int) -> Text:
        """What it is, and where there is a deadline how long is left, or how late it is."""
        if self.due_us is None:
            return self.what
        span, day = lasting(abs(self.due_us - now_us)), iso(self.due_us)[:16]
        if now_us > self.due_us:
            return Text("{what} {day}Z: {span} ago", what=self.what, day=day, span=span)
        return Text("{what} {day}Z: {span} left", what=self.what, day=day, span=span)

    @property
    def right(self) -> Right:
        """What whoever does it must have."""
        return self.act.right

    @property
    def first(self) -> str:
        """Beside whom a second person is wanted; empty where one is enough."""
        return self.by if self.second else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks: ``name`` as their proof gives it; ``actors`` None: every node."""

    name: str
    rights: frozenset[Right]
    actors: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingForViewer:
    """A line as one person sees it. ``may``: they can do it now, else ``why_not``; ``can``: accounts here that may;
    ``handed_by``: who asked this person to look; ``handed_to``: whom somebody asked."""

    waiting: Waiting
    may: bool
    why_not: Text | None
    can: tuple[str, ...]
    handed_by: tuple[str, ...]
    handed_to: tuple[str, ...]

    @property
    def mine(self) -> bool:
        """Whether it waits for this person."""
        return self.may or bool(self.handed_by)

    def who(self) -> Text:
        """Who can do it, by people and roles known here."""
        return _who(self.waiting.right, self.can)


def _who(right: Right, names: Sequence[str]) -> Text:
    if not names:
        return Text("Nobody else here can do this: it takes the role {roles}.", roles=roles_with(right))
    shown = ", ".join(names[:PEOPLE_MAX])
    if len(names) > PEOPLE_MAX:
        return Text("{names} and {n} more can do this.", names=shown, n=len(names) - PEOPLE_MAX)
    return Text("{names} can do this.", names=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Lines of one cause that wait for the same person, as one line: what they are, how many, and about whom. Each of
    ``things`` is still done by itself."""

    what: Text
    things: tuple[str, ...]


def folds(stands: Sequence[WaitingForViewer]) -> list[Fold]:
    """Which of a person's lines are shown as one, in the order in which the first of each stands."""
    alike: dict[tuple[str, bool, tuple[str, ...]], list[WaitingForViewer]] = {}
    for view in stands:
        if view.waiting.cause is not None:
            alike.setdefault((view.waiting.cause.key, view.may, view.handed_by), []).append(view)
    return [_fold(views) for views in alike.values() if len(views) > 1]


def _fold(views: Sequence[WaitingForViewer]) -> Fold:
    causes = [view.waiting.cause for view in views if view.waiting.cause is not None]
    names = sorted(cause.who for cause in causes)
    who = Text.plain(", ".join(names[:PEOPLE_MAX]))
    if len(names) > PEOPLE_MAX:
        who = Text("{names} and {n} more", names=who, n=len(names) - PEOPLE_MAX)
    what = Text.shaped("{n} {what} ({who})", n=Number(len(names)), what=causes[0].what, who=who)
    return Fold(what=what, things=tuple(view.waiting.thing for view in views))


def holders_of(right: Right, viewer: Viewer, people: Sequence[Account]) -> Text:
    """Who else has a right here, of those who see what this person sees some of."""
    with_it = [account for account in people if account.state == "active" and right in rights_of(account.roles)]
    near = [
        account.name
        for account in with_it
        if account.actors is None or viewer.actors is None or account.actors & viewer.actors
    ]
    return _who(right, [name for name in near if name != str(viewer.name)])


def roles_with(right: Right) -> str:
    """The roles that have it."""
    return ", ".join(sorted(role.value for role in Role if right in RIGHTS[role]))


def standing(
    lines: Sequence[Waiting], viewer: Viewer, people: Sequence[Account], handed: Sequence[HandOver]
) -> list[WaitingForViewer]:
    """Every line as this person sees it: what was handed to them first, then what they may do, then what waits for
    others; within each what presses most, what somebody asked another for, the oldest first."""
    active = [account for account in people if account.state == "active"]
    stands = [_stands(line, viewer, active, handed) for line in lines]
    return sorted(
        stands,
        key=lambda view: (
            not view.handed_by,
            not view.may,
            -view.waiting.weight,
            not view.waiting.second,
            view.waiting.since_us,
            view.waiting.thing,
        ),
    )


def _stands(line: Waiting, viewer: Viewer, people: Sequence[Account], handed: Sequence[HandOver]) -> WaitingForViewer:
    why_not = None if line.right in viewer.rights else NO_RIGHT
    if why_not is None and line.first:
        why_not = no_second(line.first, viewer.name, SAME)
    mine = [handover for handover in handed if handover.thing == line.thing]
    return WaitingForViewer(
        waiting=line,
        may=why_not is None,
        why_not=why_not,
        can=tuple(account.name for account in people if _can(account, line) and account.name != str(viewer.name)),
        handed_by=tuple(each.by_user for each in mine if each.to_user == str(viewer.name)),
        handed_to=tuple(each.to_user for each in mine if each.to_user != str(viewer.name)),
    )


def _can(account: Account, line: Waiting) -> bool:
    sees = not line.node or account.actors is None or line.node in account.actors
    first = line.first.casefold() == account.name.casefold()
    return sees and not first and line.right in rights_of(account.roles)


def hand(
    handed: Handed, viewer: Viewer, lines: Sequence[Waiting], people: Sequence[Account], thing: str, to: str
) -> Text:
    """Asks ``to`` to look at it. Raises ActRefused for what waits no more, and for whoever could not do it."""
    if not viewer.rights - _KEEPERS:
        raise ActRefused(403, "not-allowed", Text("Whoever only watches asks nobody to do anything."), "operator")
    line = next((waiting for waiting in lines if waiting.thing == thing), None)
    if line is None:
        raise ActRefused(404, "unknown-waiting", GONE)
    (stands,) = standing([line], viewer, people, ())
    if to not in stands.can:
        raise ActRefused(422, "cannot-hand", Text("{to} cannot do this. {who}", to=to[:64], who=stands.who()))
    try:
        handed.hand(thing, viewer.name, to, _things(lines))
    except CannotHand as error:
        raise ActRefused(409, "queue-full", Text.of_error(error), "colleague") from error
    return Text("{to} finds it on top of what waits for them.", to=to)


def _things(lines: Sequence[Waiting]) -> Collection[str]:
    return {line.thing for line in lines}
