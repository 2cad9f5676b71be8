"""Bytes that no node can read, signed with the centre's real key: each is one line, and the next honest word counts."""

import json

import pytest

from bavn.model.observable import Observable
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS, Encoded
from bavn.wire.ledger import Ledger
from bavn.wire.messages import catalogue as messages
from bavn.wire.reading import UNREADABLE
from tests.app.hostile_bodies import HOSTILE, deep
from tests.sector.hostile_centre import bundle, release

SHAPED = (body for name, body in deep(b'{"bundle":@}').items() if name != "nothing")
BODIES = [body for body in (*HOSTILE.values(), *SHAPED) if b"\n" not in body]


def pulled(node, bodies, kind):
    for body in bodies:
        node.seq += 1
        node.wire.down.append(seal.seal_encoded(node.centre, "centre", "north", node.seq, Encoded(kind, body)))
    node.talker.talk()
    node.wire.down.clear()


@pytest.mark.parametrize("kind", sorted(DOWN_KINDS))
def test_a_signed_body_that_cannot_be_read_is_one_line_and_the_node_goes_on(make_node, kind) -> None:
    node = make_node(sensor=False)
    before = len(node.door.ledger.lines(limit=10_000))
    pulled(node, BODIES, kind)
    lines = [line for line in node.door.ledger.lines(before, limit=10_000) if line.gate == "asked"]
    assert [line.verdict for line in lines] == ["refused"] * len(BODIES)
    assert UNREADABLE in {line.rule for line in lines}
    assert node.door.heard == node.seq, "what cannot be read is passed over for good"
    node.says(release("after-all.com"))
    assert node.blocked() == {"after-all.com"}
    assert Ledger(node.book).verify() is None


def test_a_bundle_that_cannot_be_read_is_one_refusal_and_the_gate_stays_open(make_node) -> None:
    node = make_node(sensor=False)
    plain = bundle(Observable.of("domain", "evil.com"))
    texts = [body.decode("utf-8", "replace").replace("\0", "") for body in BODIES]
    texts += [plain.replace("evil.com", text) for text in ("\\ud800", "\\u0000", "a\\ud83d", "9" * 5000)]
    texts += [json.dumps({**json.loads(plain), "\ud800": 1}, separators=(",", ":"), sort_keys=True)]
    for text in texts:
        node.says(messages.IndicatorReleased(bundle=text[:65_536] or "x"))
    assert node.blocked() == set()
    node.says(release("after-all.com"))
    assert node.blocked() == {"after-all.com"}
    lines = [line for line in node.door.ledger.lines(limit=10_000) if line.gate == "protect"]
    assert len(lines) == len(texts) + 1, "one line each"
