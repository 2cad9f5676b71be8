"""Who acts: an account whose owner proved it, somebody at the machine itself, or a name that nobody proved; and the one
rule of when two of them are two people. Pure.

The name is how records show an actor, and tells the three apart by itself: an account's name has no parentheses, and is
given once. Expect no check of a proof here: ``app/access`` (proving.py, here.py) makes these, and nothing
else in the product.
"""

from collections.abc import Iterable
from typing import Any, Final, Self

from bavn.model.text import Text

APART_HOURS: Final = 168
"""So long after one person made, changed or reset another's account, the two do not count as two."""
LOCAL_ID: Final = "local"
"""One id for everybody at the machine: who may act there may act as any of them."""
PEOPLE_MIN: Final = 2
NAME_CHARS_MAX: Final = 64
_LOCAL: Final = (" (local root)", " (local operator)")
_FOR_SECOND: Final = " (local root, for a second person)"
_TYPED: Final = " (typed, not proved)"

NOT_PROVED: Final = Text(
    "a typed name is no second person: prove who you are with a token or a key of your own account"
)
FIRST_NOT_PROVED: Final = Text("the first of the two is a name that nobody proved: it must be done anew by an account")
LOCAL_ALONE: Final = Text(
    "who acts at the machine itself is no second person: two accounts are needed, or --as-local-root"
)
NOT_APART: Final = Text(
    "one of the two made, changed or reset the other's account in the last {hours} hours", hours=APART_HOURS
)


class Principal(str):
    """A name with its proof. ``id``: ``account:HEX`` or ``local``; ``how`` it was proved; ``apart``: names of accounts
    with which this one is not two people; ``note``: what was typed beside; ``for_second``: why local root acts in the
    place of a second person, else empty."""

    __slots__ = ("apart", "for_second", "how", "id", "note")
    id: str
    how: str
    apart: frozenset[str]
    note: str
    for_second: str

    def __new__(
        cls,
        name: str = "",
        *,
        key: str = "",
        how: str = "",
        apart: frozenset[str] = frozenset(),
        note: str = "",
        for_second: str = "",
    ) -> Self:
        made = super().__new__(cls, name)
        made.id, made.how, made.apart, made.note, made.for_second = key, how, apart, note, for_second
        return made

    def proof(self) -> dict[str, Any]:
        """What the audit log keeps of it, beside the name."""
        kept: dict[str, Any] = {"id": self.id, "how": self.how}
        kept |= {"apart_from": sorted(self.apart)} if self.apart else {}
        kept |= {"note": self.note} if self.note else {}
        return kept | ({"for_a_second_person": self.for_second} if self.for_second else {})


def account(name: str, *, key: str = "", how: str = "session", apart: Iterable[str] = ()) -> Principal:
    """The owner of an account, who proved it."""
    return Principal(name, key=key or f"account:{name.casefold()}", how=how, apart=frozenset(apart))


def local(user: str, uid: int, how: str, note: str = "") -> Principal:
    """Somebody at the machine. ``user``: the operating system's name for them."""
    shown = f"{user[: NAME_CHARS_MAX - len(_FOR_SECOND)]}{_LOCAL[0] if uid == 0 else _LOCAL[1]}"
    return Principal(shown, key=LOCAL_ID, how=how, note=note)


def for_second(root: Principal, why: str) -> Principal:
    """Local root in the place of a second person, with the reason. ValueError for anybody else."""
    if root.id != LOCAL_ID or not root.endswith(_LOCAL[0]):
        raise ValueError("only local root acts in the place of a second person")
    shown = root.removesuffix(_LOCAL[0]) + _FOR_SECOND
    return Principal(shown, key=LOCAL_ID, how=root.how, note=root.note, for_second=why)


def recorded(user: str) -> str:
    """How a record names them: what nobody proved says so."""
    return str(user) if isinstance(user, Principal) or user.endswith(_TYPED) else typed(user)


def typed(name: str) -> str:
    """A name that nobody proved."""
    return name[: NAME_CHARS_MAX - len(_TYPED)] + _TYPED


def stored(name: str) -> Principal:
    """Somebody whom a record names, where the centre goes on with what they began: as proved as the record says."""
    if name.endswith((*_LOCAL, _FOR_SECOND)):
        why = "as recorded" if name.endswith(_FOR_SECOND) else ""
        return Principal(name, key=LOCAL_ID, how="as recorded", for_second=why)
    return Principal(name, key="" if name.endswith(_TYPED) else f"account:{name.casefold()}", how="as recorded")


def may_be_second(first: str, user: str) -> bool:
    """Whether this one may stand beside the first, as the record names that one."""
    return not no_second(first, user, NOT_PROVED)


def is_account(name: str) -> bool:
    """Whether a record's name is an account's."""
    return bool(name) and not name.endswith(")")


def two_people(people: Iterable[str]) -> bool:
    """Whether records name two different accounts; or local root, who said why it acts for the second."""
    behind = {name.casefold() for name in people if name}
    accounts = {name for name in behind if is_account(name)}
    return len(accounts) >= PEOPLE_MIN or (len(behind) >= PEOPLE_MIN and any(n.endswith(_FOR_SECOND) for n in behind))


def no_second(first: str, user: str, same: Text) -> Text | None:
    """Why this one is no second person beside the first, as the record names that one; None where they are.
    ``same``: the sentence for one and the same."""
    if not isinstance(user, Principal) or not user.id:
        return NOT_PROVED
    if user.for_second:
        return None
    if first.casefold() == user.casefold() and is_account(user):
        return same
    if user.id == LOCAL_ID or first.endswith((*_LOCAL, _FOR_SECOND)):
        return LOCAL_ALONE
    if not is_account(first):
        return FIRST_NOT_PROVED
    return NOT_APART if first.casefold() in {name.casefold() for name in user.apart} else None
