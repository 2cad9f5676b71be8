"""Mail by a real OpenSMTPD: STARTTLS and TLS from the first byte, accounts, what it refuses for now and for good."""

import socket
import subprocess
import time
from contextlib import contextmanager
from email import message_from_bytes, policy

import pytest

from bavn.app.analyst.mail.book import unreached
from bavn.app.analyst.mail.mailing import Mailing, MailState
from bavn.app.config.load import read_node
from bavn.app.net.mail_server import server_of
from bavn.app.net.mailer import Attachment, Mail, MailServer, NotSent, send
from bavn.app.process.real import SystemClock
from bavn.wire.book import Book
from tests.app.test_zone_service import folder, free_port
from tests.app.web.drawn_node import draw
from tests.app.web.story_sector import until
from tests.peers.program import running

__all__ = ["folder"]
pytestmark = [pytest.mark.slow, pytest.mark.opensmtpd, pytest.mark.netns]
CONFIGURATION = """
pki localhost cert "{folder}/ca.pem"
pki localhost key "{folder}/key.pem"
table people {{ "desk@sac.example" = daemon, "soc@north.example" = daemon }}
table accounts {{ "bavn" = "{password}" }}
table laters {{ "later@sac.example" }}
table fulls {{ "full@sac.example" }}
filter later phase rcpt-to match rcpt-to <laters> disconnect "451 4.7.1 Greylisted, come again"
filter full phase rcpt-to match rcpt-to <fulls> reject "452 4.2.2 Mailbox full"
filter rules chain {{ later, full }}
listen on 127.0.0.1 port {starttls} tls-require pki localhost auth <accounts> hostname localhost filter rules
listen on 127.0.0.1 port {smtps} smtps pki localhost auth <accounts> hostname localhost filter rules
listen on 127.0.0.1 port {plain} hostname localhost
action "keep" maildir "{folder}/mail" virtual <people>
match from any auth for domain {{ "sac.example", "north.example" }} action "keep"
"""
FENCE = (
    "mount -t tmpfs tmpfs /var/spool && mkdir -m 711 /var/spool/smtpd && mount -t tmpfs tmpfs /run && exec {} -d -f {}"
)
"""Its queue and socket have fixed places: in a view of its own on the disk, so that the machine's are not touched."""


class Server:
    def __init__(self, folder, ports):
        self.folder, self.ports = folder, ports

    def to(self, way="starttls", **more):
        return MailServer(
            **{
                "host": "localhost",
                "port": self.ports[way],
                "tls": "tls" if way == "smtps" else "starttls",
                "ca_file": self.folder / "ca.pem",
                "user": "bavn",
                "password": "secret",
                "sender": "bavn@sac.example",
                **more,
            }
        )

    def mails(self, wanted):
        until(lambda: len(list((self.folder / "mail/new").glob("*"))) >= wanted, f"{wanted} mails")
        found = sorted((self.folder / "mail/new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


def mail(to="desk@sac.example", key="a1", **more):
    return Mail(
        to=to,
        subject="Bavn: sag 7: frist snart, æøå",
        text="Første linje\n.\n.. punktum\n" + "x" * 2000,
        key=key,
        at_us=time.time_ns() // 1000,
        **more,
    )


@pytest.fixture
def server(folder, certificate):
    with opensmtpd(folder, certificate) as made:
        yield made


def listens(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def opensmtpd(folder, certificate):
    ports = {name: free_port() for name in ("starttls", "smtps", "plain")}
    for name in ("ca.pem", "key.pem"):
        (folder / name).write_bytes((certificate / name).read_bytes())
        (folder / name).chmod(0o600)
    (folder / "mail").mkdir()
    (folder / "mail").chmod(0o777)
    password = subprocess.run(["openssl", "passwd", "-6", "secret"], capture_output=True, text=True, check=True).stdout
    file = folder / "smtpd.conf"
    file.write_text(CONFIGURATION.format(folder=folder, password=password.strip(), **ports))
    with running("unshare", "--mount", "sh", "-c", FENCE.format("/usr/sbin/smtpd", file)) as program:
        until(lambda: listens(ports["smtps"]) or not program.alive(), "a mail server that listens")
        assert program.alive(), program.said()
        yield Server(folder, ports)


def test_it_takes_mail_over_starttls_and_over_tls_as_it_was_written(server) -> None:
    send(server.to("starttls"), mail(key="a1"))
    send(
        server.to("smtps"),
        mail("soc@north.example", key="a2", files=(Attachment("b.pdf", "application/pdf", b"%PDF\0"),)),
    )
    first, second = server.mails(2)
    assert first["Message-ID"] == "<a1@sac.example>"
    assert first["Subject"] == "Bavn: sag 7: frist snart, æøå"
    assert first.get_content() == mail().text + "\n"
    assert "TLS" in first["Received"]
    assert [part.get_content() for part in second.iter_attachments()] == [b"%PDF\0"]


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("later@sac.example", r"for now \(451\)"),
        ("full@sac.example", r"for now \(452\)"),
        ("nobody@sac.example", r"for good.*\(5\d\d\)"),
        ("a@other.example", r"for good.*\(550\)"),
    ],
)
def test_what_it_refuses_is_told_with_its_number(server, to, why) -> None:
    with pytest.raises(NotSent, match=why):
        send(server.to(), mail(to))
    send(server.to(), mail())
    assert len(server.mails(1)) == 1


def test_a_node_mails_a_hit_by_it_in_danish_and_an_address_that_it_refuses_costs_no_other(server, tmp_path) -> None:
    file = draw(tmp_path / "north")
    (file.parent / "password").write_text("secret")
    (file.parent / "password").chmod(0o600)
    file.write_text(
        f'{file.read_text()}[remind]\nsmtp_host = "localhost"\nsmtp_port = {server.ports["starttls"]}\n'
        f'smtp_ca_file = "{server.folder / "ca.pem"}"\nsmtp_user = "bavn"\nsmtp_password_file = "password"\n'
        'mail_from = "bavn@north.example"\nmail_to = ["nobody@sac.example", "soc@north.example"]\nlanguage = "da"\n'
    )
    config = read_node(file)
    with Book(config.folder / "node.db") as book:
        turns = Mailing(config, server_of(config.remind, config.base), book, MailState(SystemClock(), 2))
        went, failed = turns.turn()
        assert failed == 1
        assert turns.turn() == (0, 0)
        (waits,) = unreached(book.rows)
    assert waits.recipient == "nobody@sac.example"
    assert "for good" in waits.reason
    mails = server.mails(went)
    assert len(mails) == went
    assert "Bavn (north): DER VAR ET BEKRÆFTET ANGREB HER" in [mail["Subject"] for mail in mails]


def test_nothing_is_said_to_one_that_cannot_prove_itself_or_has_no_tls_or_refuses_the_password(server) -> None:
    for wrong in (
        server.to(ca_file=None),
        server.to("smtps", ca_file=None),
        server.to("plain"),
        server.to(password="guess"),
        server.to("smtps", password="guess"),
        server.to("plain", tls="tls"),
    ):
        with pytest.raises(NotSent) as refused:
            send(wrong, mail())
        assert "secret" not in str(refused.value)
    send(server.to(), mail())
    assert len(server.mails(1)) == 1
