"""No id and no round key reaches the centre: looked for in every byte it is handed and on its disk."""

import base64

import pytest

from bavn.actor.door.rounds import shares
from bavn.rehearsal.party import SimCentre
from bavn.rehearsal.world import World
from bavn.wire.links.keyholder import KeyHolderIdentifier
from tests.sector.drawn_script import drawn_script


@pytest.fixture
def seen(monkeypatch):
    """(secrets that nodes had, bytes that the centre was handed)."""
    secrets, handed = set(), []
    join, receive, bound = KeyHolderIdentifier.join, SimCentre.receive, shares.members_key

    def joining(self, params, observables):
        joined = join(self, params, observables)
        secrets.update([joined.kr, *(one for one in joined.ids if one is not None)])
        return joined

    def binding(kr, members):
        secrets.add(made := bound(kr, members))
        return made

    def receiving(self, actor, envelopes):
        handed.extend(envelopes)
        return receive(self, actor, envelopes)

    monkeypatch.setattr(KeyHolderIdentifier, "join", joining)
    monkeypatch.setattr(shares, "members_key", binding)
    monkeypatch.setattr(SimCentre, "receive", receiving)
    return secrets, handed


def spellings(secret: bytes) -> set[bytes]:
    return {secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret).rstrip(b"=")}


@pytest.mark.slow
def test_no_key_and_no_id_reaches_the_centre(seen, disk) -> None:
    secrets, handed = seen
    world = World(drawn_script(3, steps=12, faults=False), disk)
    try:
        heard = world.run()
    finally:
        world.close()
    assert len(secrets) > 12
    everything = b"\0".join([*handed, *(file.read_bytes() for file in sorted((disk / "centre").rglob("*.db*")))])
    found = {secret.hex() for secret in secrets for spelled in spellings(secret) if spelled in everything}
    assert found == set()
    revealed = {observable.value for lead in heard.leads for observable in lead.observables}
    assert revealed
    assert all(value.encode() in everything for value in revealed)  # the search finds what is there
