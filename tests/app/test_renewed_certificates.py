"""Servers with TLS use a certificate that is written anew, from the next connection on."""

import contextlib
import ssl
import threading
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bavn.app.net import tls_server
from bavn.app.net.tls_server import browser_server, listening
from bavn.app.node.list_service import list_app, list_server
from bavn.app.process.party_keys import PartyKeys

from .test_centre_steps import until


def write_pair(folder, serial, *, key_too=True) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(serial).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    made = made.not_valid_after(datetime(2036, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    if key_too:
        (folder / "key.pem").write_bytes(key.private_bytes(*form))


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
            assert until(lambda: server.started)
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
        assert until(lambda: shown(port) == 22)


def test_files_that_are_no_pair_are_said_and_the_old_one_stays_until_they_are(tmp_path, caplog) -> None:
    write_pair(tmp_path, 11)
    with running(console(list_app(tmp_path), tmp_path / "cert.pem", tmp_path / "key.pem")) as port:
        write_pair(tmp_path, 22, key_too=False)
        assert until(lambda: "cannot be taken" in caplog.text)
        assert shown(port) == 11
        write_pair(tmp_path, 33)
        assert until(lambda: shown(port) == 33)


def test_the_centre_and_the_key_holder_renew_their_own_while_they_run(tmp_path) -> None:
    keys = PartyKeys(tmp_path, "centre")
    keys.make("sector", ("127.0.0.1",))
    server = tls_server.tls_server(list_app(tmp_path), keys.authority().pem, keys.certificate, keys.key)
    late_us = keys.ends_us()["server"] - 1_000_000
    server.renew = lambda: keys.renew_server(("127.0.0.1",), late_us)
    with running(server) as port:
        before = keys.certificate.read_text()
        assert until(lambda: keys.certificate.read_text() != before)
        assert until(lambda: shown(port) == x509.load_pem_x509_certificate(keys.certificate.read_bytes()).serial_number)
