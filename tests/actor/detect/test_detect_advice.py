"""What speaks against a suspicion and where to start: each fits the kind of what was found, not its detector alone."""

from dataclasses import fields

import pytest

from bavn.actor.detect.base import Advice
from bavn.actor.detect.detectors import (
    beacon,
    bruteforce,
    doors,
    ioc,
    lateral,
    long,
    rarity,
    scan,
    signature,
    tunnel,
    ward,
)
from bavn.actor.detect.run import DETECTORS

EVERY = [
    *(
        one
        for detector in (beacon, bruteforce, ioc, lateral, rarity, scan, signature, tunnel, ward)
        for one in detector.ADVICE.values()
    ),
    doors.ADVICE,
    long.INWARD,
    rarity.OTHER_ADVICE,
]
STARTS = {
    "tunnel/hit-server-that-logs-on-outside": ("rented server", "how long it lasted"),
    "tunnel/hit-echoes-that-carry": ("pings", "packet of the echoes"),
    "tunnel/hit-vpn-of-its-own": ("private VPN", "whose tunnel"),
    "tunnel/hit-resolver-of-its-own": ("name service of their own", "names are seen again"),
    "tunnel/hit-proxy-outside": ("proxy of their own", "whose proxy"),
    "scan/hit-horizontal": ("vulnerability scanners", "stop it if nobody ordered it"),
    "scan/hit-from-outside": ("scanned all day long", "any door opened"),
    "lateral/hit-directory-replicated": ("new domain controller", "domain controllers"),
    "lateral/hit-from-outside": ("a supplier", "this way in"),
    "lateral/hit-worm": ("inventory", "the first of them"),
    "lateral/hit-program-laid-down": ("software distribution", "what was laid there"),
    "lateral/hit-remote-shell": ("administrators", "what was started at the other one"),
    "rarity/hit-program-fetched": ("installers", "without opening it"),
    "rarity/hit-letter-after-asking": ("mail server", "what was left there"),
    "rarity/hit-new-and-self-signed": ("", "its certificate"),
    "rarity/hit-lent-name": ("a new supplier", "which program"),
    "bruteforce/hit-kerberos": ("last month's password", "an old password"),
    "bruteforce/hit-guessed-right": ("last month's password", "it was let in after it had failed"),
    "bruteforce/hit-spraying": ("directory is out of order", "give those a new password"),
    "bruteforce/hit-ssh-flows": ("only greets", "at the other end"),
    "bruteforce/hit-many-sources": ("guessed at all day long", "close the service to the world"),
    "beacon/hit-new-names": ("content networks", "who registered the domain"),
    "beacon/hit-inside": ("printers", "the other machine"),
    "long/hit-opened-from-outside": ("remote support", "this way in"),
    "ioc/hit-fingerprint": ("built alike", "which program on the machine"),
    "signature/hit-trojan": ("rules of policy", "which program on the machine"),
    "ward/hit-caller": ("remote service", "medical engineers"),
    "ward/hit-leaves": ("teleradiology", "encryption"),
}


@pytest.mark.parametrize("name", STARTS)
def test_it_fits_its_kind(made, name) -> None:
    case = next(case for case in made.cases() if str(case) == name)
    expect = case.given["expect"]
    (one,) = [s for s in made.run(case).suspicions if (s.host, s.peer) == (expect["host"], expect["peer"])]
    against, start = STARTS[name]
    assert against.lower() in one.against.en.lower()
    assert start.lower() in one.look_first.en.lower()


def test_what_speaks_against_each_kind_is_said_as_a_part_of_a_sentence_that_says_why(made) -> None:
    case = next(case for case in made.cases() if str(case) == "bruteforce/hit-guessed-right")
    failed, right = case.given["rows"]
    before = made.Case("bruteforce", "hit-x", case.given | {"rows": [failed, right | {"from_h": 8}]})
    (after,) = made.run(case).suspicions
    (earlier,) = made.run(before).suspicions
    assert after.what.en.endswith("; after that it was let in 4 times.")
    assert "let in" not in after.against.en
    assert earlier.against.en == "Before the first of them failed, it had been let in 4 times."
    assert "let in" not in earlier.what.en + earlier.look_first.en
    assert (after.p, after.statistic) == (earlier.p, earlier.statistic)
    case = next(case for case in made.cases() if str(case) == "dns_tunnel/hit-upload")
    (names,) = case.given["names"]
    slow = made.Case("dns_tunnel", "hit-x", case.given | {"names": [names | {"every_s": 6}]})
    (ten_minutes,) = made.run(case).suspicions
    (twenty,) = made.run(slow).suspicions
    assert "200 never-before-seen names under tunnelby.net carried" in ten_minutes.why.en
    assert "200 never-before-seen names under tunnelby.net, of which 100 carried" in twenty.why.en
    case = next(case for case in made.cases() if str(case) == "dga/hit-words")
    (one,) = made.run(case).suspicions
    assert one.what.en.endswith(f"as if a program had made them up, {one.peer} most plainly so.")
    assert f"the letters of {one.peer} are the least like those of a chosen name" in one.why.en
    said = [getattr(advice, slot.name) for advice in EVERY for slot in fields(Advice)]
    assert len(said) > 2 * len(DETECTORS)
    for text in said:
        assert len({text.say(language) for language in ("en", "da")}) == 2
        assert not text.en.endswith(".")
