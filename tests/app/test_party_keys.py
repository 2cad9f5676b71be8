"""The server certificate of a centre or key holder: renewed in time over the same key, and when its names change."""

from cryptography import x509

from bavn.app.process.party_keys import RENEW_DAYS, PartyKeys
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US

NAMES = ("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1")


def test_it_is_renewed_before_it_ends_and_not_sooner(tmp_path) -> None:
    keys, now_us = PartyKeys(tmp_path, "centre"), SystemClock().now_us()
    keys.make("sundhed", NAMES)
    before, key, ends_us = keys.certificate.read_bytes(), keys.key.read_bytes(), keys.ends_us()["server"]
    assert not keys.renew_server(NAMES, now_us)
    assert not keys.renew_server(NAMES, ends_us - (RENEW_DAYS + 1) * DAY_US)
    assert keys.certificate.read_bytes() == before
    assert keys.renew_server(NAMES, ends_us - RENEW_DAYS * DAY_US)
    assert keys.ends_us()["server"] > ends_us + 200 * DAY_US
    assert keys.key.read_bytes() == key, "one file is replaced, in one step"
    fresh = x509.load_pem_x509_certificate(keys.certificate.read_bytes())
    fresh.verify_directly_issued_by(keys.authority().certificate)


def test_other_names_are_another_certificate(tmp_path) -> None:
    keys, now_us = PartyKeys(tmp_path, "centre"), SystemClock().now_us()
    keys.make("sundhed", NAMES)
    assert keys.renew_server((*NAMES, "sac.example"), now_us)
    assert not keys.renew_server(("sac.example", *NAMES), now_us)
