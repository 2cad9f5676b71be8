"""What a receipt says depends on what the centre sent and on which enforcers there are, on nothing else."""

import pytest

from bavn.actor.door.draft import Draft
from bavn.actor.door.policy import DoorPolicy
from bavn.actor.door.tell_rules import TellRules
from bavn.actor.protect.own_history import History
from bavn.actor.store.query.hunt import Hunted
from bavn.model.observable import ObservableType
from bavn.wire.codec import encode
from bavn.wire.messages.catalogue import Receipt

from .conftest import indicator, released

T0 = 1_795_000_000_000_000


class Past:
    """A window of an actor so large that a few hits wait for no person."""

    first_us, last_us, known_from_us, homes = 0, T0, 0, ()

    def rows(self, _, parameters=None, **__):
        return [(1,)] if parameters else [(50_000, 1_000_000, 1_000_000)]


def history(hosts):
    def met(_, observables):
        return [
            Hunted(
                observable=one,
                count=9 * hosts,
                hosts=hosts,
                named=("10.1.1.9",),
                first_us=1,
                last_us=2,
                tables=("dns",),
            )
            for one in observables
        ]

    return History(lambda *_: Past(), met)


@pytest.mark.parametrize("value", ["evil-c2.com", "45.9.148.20"])
def test_twins_with_other_histories_send_the_same_receipts(make_actor, value) -> None:
    """One never met it, one met it at three hosts; both have a watcher of names only. (Whether a block waits for a
    person is told by intent, with the rule.)"""
    said = []
    kind = "ip4" if value[0].isdigit() else "domain"
    for past in (None, history(3)):
        actor = make_actor(watching=frozenset({ObservableType.DOMAIN}), history=past)
        actor.protect.receive([released(indicator(value, kind))])
        outcomes = [one for one in actor.told() if hasattr(one, "not_carried")]
        row = TellRules(DoorPolicy(), lambda _: False).outcome_row()
        drafts = []
        for outcome in outcomes:
            draft = Draft()
            for rule in row:
                draft = rule.apply(outcome, draft)
            drafts.append(encode(Receipt(**draft.fields)).body)
        said.append(drafts)
    assert said[0] == said[1]
    assert (b'"not_carried":["watching"]' in said[0][-1]) == (kind == "ip4")
