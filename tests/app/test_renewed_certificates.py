"""Servers with TLS use a certificate that is written anew, from the next connection on; a centre and a key holder renew
their own in time over the same key, and when its names change."""

import contextlib
import ssl
import threading

import pytest
from cryptography import x509

from bavn.app.net import tls_server
from bavn.app.net.tls_server import browser_server, listening
from bavn.app.node.list_service import list_app, list_server
from bavn.app.process.party_keys import RENEW_DAYS, PartyKeys
from bavn.app.process.real import SystemClock
from bavn.model.moment import DAY_US
from tests.app.tls_pair import write_pair
from tests.app.waiting import until


def shown(port):
    """The serial number of the certificate that a new connection is shown."""
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=20)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


@contextlib.contextmanager
def running(server):
    with listening("127.0.0.1", 0) as taken:
        thread = threading.Thread(target=server.run, args=([taken],))
        thread.start()
        try:
            until(lambda: server.started)
            yield taken.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(tls_server, "LOOK_TICKS", 1)
    monkeypatch.setattr(tls_server, "RENEW_TICKS", 2)


def console(app, certificate, key):
    return browser_server(app, (certificate, key), 20)


def lists(app, certificate, key):
    return list_server(app, certificate=certificate, key=key)


@pytest.mark.parametrize("made_by", [console, lists])
def test_a_pair_that_is_written_anew_is_served_without_a_restart(tmp_path, made_by) -> None:
    write_pair(tmp_path, 11)
    with running(made_by(list_app(tmp_path), tmp_path / "cert.pem", tmp_path / "key.pem")) as port:
        assert shown(port) == 11
        write_pair(tmp_path, 22)
        until(lambda: shown(port) == 22)


def test_files_that_are_no_pair_are_said_and_the_old_one_stays_until_they_are(tmp_path, caplog) -> None:
    write_pair(tmp_path, 11)
    with running(console(list_app(tmp_path), tmp_path / "cert.pem", tmp_path / "key.pem")) as port:
        write_pair(tmp_path, 22, key_too=False)
        until(lambda: "cannot be taken" in caplog.text)
        assert shown(port) == 11
        write_pair(tmp_path, 33)
        until(lambda: shown(port) == 33)


def test_the_centre_and_the_key_holder_renew_their_own_while_they_run(tmp_path) -> None:
    keys = PartyKeys(tmp_path, "centre")
    keys.make("sector", ("127.0.0.1",))
    server = tls_server.tls_server(list_app(tmp_path), keys.authority().pem, keys.certificate, keys.key)
    late_us = keys.ends_us()["server"] - 1_000_000
    server.renew = lambda: keys.renew_server(("127.0.0.1",), late_us)
    with running(server) as port:
        before = keys.certificate.read_text()
        until(lambda: keys.certificate.read_text() != before)
        until(lambda: shown(port) == x509.load_pem_x509_certificate(keys.certificate.read_bytes()).serial_number)


NAMES = ("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1")


def test_it_is_renewed_before_it_ends_and_not_sooner_and_where_its_names_change(tmp_path) -> None:
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
    assert keys.renew_server((*NAMES, "sac.example"), now_us)
    assert not keys.renew_server(("sac.example", *NAMES), now_us)
