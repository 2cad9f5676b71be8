"""Nodes and centre over real TLS: enrol, post, pull, renew; and who is not let in."""

import http.client
import ssl
import threading
import time

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import update

from bavn.centre.members.authority import Authority
from bavn.centre.members.tables import CERTIFICATE
from bavn.model.moment import DAY_US
from bavn.model.ports import LinkDown, LinkRefused
from bavn.model.sector.member import Quota, member_peer
from bavn.traffic.dice import SeededDice
from bavn.wire import seal
from bavn.wire.codec import DOWN_KINDS
from bavn.wire.enrol import NodeKeys, renewal_due
from bavn.wire.links.enrolment import enrol, fetch_authority, renew
from bavn.wire.links.https import HttpsLink, LinkLimits, context, link_of
from bavn.wire.messages.catalogue import Health, RoundClosed
from bavn.wire.safe import Safe

QUICK = LinkLimits(request_s=5.0, pull_s=5.0, connect_s=5.0)
HEALTH = Health(version="1", sensor="up", capture_loss_permille=0, clock_skew_s=0, queue_messages=0)


def health(safe, seq, sender=None):
    keys = safe.keys()
    return seal.seal(keys.message, sender or keys.actor, "centre", seq, HEALTH)


@pytest.mark.slow
def test_a_pull_wakes_as_soon_as_something_is_queued(stand) -> None:
    safe = stand.enrol("region-a")
    waits = []

    def ask_and_measure(link, after):
        got = link.pull(after, 20)
        waits.append(time.monotonic())
        return got

    with stand.link(safe) as link:
        assert link.pull(0, 0) == []
        for after in range(3):
            queued_at = []

            def queue(at=queued_at):
                at.append(time.monotonic())
                stand.centre.say("region-b", RoundClosed(round_id="0" * 32))
                stand.centre.say("region-a", RoundClosed(round_id=f"{len(waits):032x}"))

            timer = threading.Timer(0.3, queue)
            timer.start()
            (raw,) = ask_and_measure(link, after)
            timer.join()
            opened = seal.open({"centre": safe.centre_key()}, "region-a", raw, DOWN_KINDS)
            assert isinstance(opened, seal.Opened)
            assert opened.seq == after + 1
            assert waits[-1] - queued_at[0] < 2.0
        assert link.pull(3, 0) == []
    assert stand.centre.outbox.state().messages == 3, "what region-b was told waits for region-b"


def test_nobody_without_a_certificate_or_with_old_tls_and_nobody_there_is_a_link_that_is_down(stand, tmp_path) -> None:
    tls = context(stand.centre.authority.pem)
    for path, call in (("/v1/messages", "pull"), ("/v1/messages", "post")):
        link = HttpsLink(stand.url, tls, QUICK)
        with pytest.raises(LinkRefused, match=f"401.*{path}"):
            link.pull(0, 0) if call == "pull" else link.post([b"x"])
        link.close()
    for method, path in (("GET", "/healthz"), ("POST", "/v1/renew")):
        connection = http.client.HTTPSConnection("127.0.0.1", stand.server.port, context=tls, timeout=5)
        connection.request(
            method, path, body=b"{}" if method == "POST" else None, headers={"content-type": "application/json"}
        )
        assert connection.getresponse().status == 401
        connection.close()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_verify_locations(cadata=stand.centre.authority.pem)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    connection = http.client.HTTPSConnection("127.0.0.1", stand.server.port, context=tls, timeout=5)
    with pytest.raises(ssl.SSLError):
        connection.request("GET", "/v1/enrol")
    connection.close()
    safe = stand.enrol("region-a")
    link = HttpsLink("https://127.0.0.1:9", context(safe.authority.read_text(), safe.certificate, safe.tls_key), QUICK)
    with pytest.raises(LinkDown):
        link.pull(0, 0)
    link.close()


def keep(folder, keys, certificate, authority_pem):
    """A node folder with a certificate from elsewhere."""
    safe = Safe(folder)
    safe.keep_keys(keys)
    safe.write(safe.authority.name, authority_pem)
    safe.write(safe.certificate.name, certificate.public_bytes(serialization.Encoding.PEM).decode())
    return safe


def test_nobody_with_another_authoritys_certificate_nor_an_expired_one_gets_through_the_handshake(
    stand, tmp_path
) -> None:
    now_us = stand.centre.clock.now_us()
    stranger = Authority.make("test", now_us - DAY_US, SeededDice(66, "ca"))
    keys = NodeKeys.make("region-a", SeededDice(66, "n"))
    made = stranger.certify(member_peer("region-a"), keys.tls.public_key(), now_us, SeededDice(66))
    safe = keep(tmp_path / "stranger", keys, made, stand.centre.authority.pem)
    with stand.link(safe) as link, pytest.raises((LinkDown, LinkRefused)):
        link.pull(0, 0)
    assert stand.centre.asked == []
    with pytest.raises(LinkRefused, match="does not fit"):
        link_of(stand.url, safe, stand.centre.clock, QUICK)
    keys = NodeKeys.make("region-a", SeededDice(5, "n"))
    made = stand.centre.authority.certify(
        member_peer("region-a"), keys.tls.public_key(), now_us - 91 * DAY_US, SeededDice(5)
    )
    safe = keep(tmp_path / "expired", keys, made, stand.centre.authority.pem)
    with stand.link(safe) as link, pytest.raises((LinkDown, LinkRefused)):
        link.pull(0, 0)
    assert stand.centre.asked == []
    with pytest.raises(LinkRefused, match="ended at 20"):
        link_of(stand.url, safe, stand.centre.clock, QUICK)


def test_a_certificate_that_lapses_while_connected_is_refused(stand) -> None:
    safe = stand.enrol("region-a")
    with stand.link(safe) as link:
        assert link.pull(0, 0) == []
        with stand.centre.engine.begin() as tx:
            tx.execute(update(CERTIFICATE).values(not_after_us=stand.centre.clock.now_us() - 1))
        with pytest.raises(LinkRefused, match=r"403.*not valid now"):
            link.pull(0, 0)


def test_a_revoked_actor_is_out_from_the_next_request_on(stand) -> None:
    safe = stand.enrol("region-a")
    with stand.link(safe) as link:
        assert link.post([health(safe, 1)]) == [1]
        stand.centre.registry.revoke("region-a")
        with pytest.raises(LinkRefused, match=r"403.*revoked"):
            link.post([health(safe, 2)])
    with pytest.raises(LinkRefused, match=r"403"):
        renew(stand.url, safe, QUICK)


def test_one_actor_cannot_post_as_another(stand) -> None:
    ours, theirs = stand.enrol("region-a"), stand.enrol("region-b")
    with stand.link(ours) as link:
        assert link.post([health(ours, 1, sender="region-b"), health(theirs, 1)]) == []
    assert [line.rule for line in stand.centre.inbox.ledger.lines()] == ["wrong_sender", "wrong_sender"]
    assert {line.peer for line in stand.centre.inbox.ledger.lines()} == {"region-a"}


def test_a_token_enrols_once(stand, tmp_path) -> None:
    token = stand.centre.enrolment.invite("region-a")
    pin = stand.centre.authority.fingerprint
    enrol(stand.url, pin, "region-a", token, Safe(tmp_path / "one"), SeededDice(1, "a"), QUICK)
    with pytest.raises(LinkRefused, match=r"403.*token"):
        enrol(stand.url, pin, "region-a", token, Safe(tmp_path / "two"), SeededDice(2, "a"), QUICK)
    with pytest.raises(FileExistsError):
        enrol(stand.url, pin, "region-a", token, Safe(tmp_path / "one"), SeededDice(1, "a"), QUICK)
    assert Safe(tmp_path / "one").enrolled
    assert not Safe(tmp_path / "two").enrolled


def test_the_token_never_goes_to_another_authority(stand, tmp_path) -> None:
    token = stand.centre.enrolment.invite("region-a")
    with pytest.raises(LinkRefused, match="not the pinned one"):
        enrol(stand.url, "00" * 32, "region-a", token, Safe(tmp_path / "one"), SeededDice(1, "a"), QUICK)
    assert fetch_authority(stand.url, stand.centre.authority.fingerprint, QUICK) == stand.centre.authority.pem


def test_a_node_renews_by_itself(stand) -> None:
    safe = stand.enrol("region-a")
    before = safe.certificate.read_text()
    now_us = stand.centre.clock.now_us()
    assert not renewal_due(before, now_us)
    assert renewal_due(before, now_us + 61 * DAY_US)
    renew(stand.url, safe, QUICK)
    assert safe.certificate.read_text() != before
    with stand.link(safe) as link:
        assert link.post([health(safe, 1)]) == [1]


def test_over_quota_is_kept_by_the_node(stand) -> None:
    safe = stand.enrol("region-a")
    stand.centre.registry.set_quota("region-a", "Health", Quota(messages_per_hour_max=1, bytes_per_hour_max=10_000))
    with stand.link(safe) as link:
        assert link.post([health(safe, 1), health(safe, 2)]) == [1]
