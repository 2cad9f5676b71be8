"""What a holder has and whom it knows, from its folder, also while its service runs. Refuses to call any."""

from functools import partial
from typing import Any

from bavn.app.config.load import KeyHolderFile
from bavn.app.keyholder.circle import EnrolledCircle, peer_folder, peers_of
from bavn.app.keyholder.parts import SHARES, keys_of
from bavn.app.net.party_clock import BesideClock
from bavn.app.process.real import SystemDice
from bavn.keyholder.plan import DAYS_AHEAD, missing, purposes_of
from bavn.keyholder.shares import HeldShares
from bavn.model.moment import DAY_US, iso
from bavn.wire.enrol import ends_us
from bavn.wire.safe import Safe


def others_of(file: KeyHolderFile) -> list[dict[str, Any]]:
    """The other holders, and until when this one's certificate for each holds; empty where it is not enrolled."""
    every = ((number, url, Safe(peer_folder(file, number))) for number, url in peers_of(file).items())
    return [
        {
            "holder": number,
            "address": url,
            "enrolled_until": iso(ends_us(safe.certificate.read_text()))[:10] if safe.enrolled else "",
        }
        for number, url, safe in every
    ]


def days_of(file: KeyHolderFile) -> list[dict[str, Any]]:
    """From yesterday to the day that keys are made for now: how many keys there are to be, and how many are here."""
    clock, settings = BesideClock(file.folder), file.threshold
    today = clock.now_us() // DAY_US
    keys = partial(EnrolledCircle(file, clock).with_own, keys_of(file).message_key().public_key())
    claims = HeldShares(file.folder / SHARES, settings, keys, clock, SystemDice()).claims()
    rows = []
    for day in range(today - 1, today + DAYS_AHEAD + 1):
        wanted = len(purposes_of(day, settings.tiers))
        rows.append(
            {"day": iso(day * DAY_US)[:10], "keys": wanted, "here": wanted - len(missing(claims, day, settings.tiers))}
        )
    return rows
