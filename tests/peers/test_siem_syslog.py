"""Other people's receivers of syslog over TLS: rsyslog takes every event of every form once, in order; one that is not
the one it says gets none."""

import json
import socket
import time

import pytest

from bavn.app.siem.forms import FORMS
from bavn.app.siem.transports.base import Message, NotTaken
from bavn.app.siem.transports.syslog import SyslogTransport, trusting
from tests.app.siem.made import EVERY
from tests.peers.program import running

pytestmark = [pytest.mark.slow, pytest.mark.rsyslogd]
WAIT_S = 30
RSYSLOG = """
global(workDirectory="{folder}" net.enableDNS="off" maxMessageSize="64k"
  defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{keys}/ca.pem"
  defaultNetstreamDriverCertFile="{keys}/ca.pem" defaultNetstreamDriverKeyFile="{keys}/key.pem"
  parser.escapeControlCharactersOnReceive="off")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
template(name="whole" type="string" string="%msgid% %pri% %timereported:::date-rfc3339% %app-name% %msg%\\n")
input(type="imtcp" address="127.0.0.1" port="{port}")
action(type="omfile" file="{folder}/got" template="whole")
"""


def messages(form):
    return [
        Message(
            id=event.id,
            at_us=event.at_us,
            kind=event.kind,
            action=event.action,
            severity=event.severity,
            content=FORMS[form](event, teller),
        )
        for event, teller in EVERY
    ]


@pytest.fixture
def receiver(tmp_path, certificate):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    file = tmp_path / "rsyslog.conf"
    file.write_text(RSYSLOG.format(folder=tmp_path, keys=certificate, port=port))
    with running("rsyslogd", "-n", "-f", file, "-i", tmp_path / "pid") as program:
        yield port, tmp_path / "got", program


def handed(transport, some):
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return transport.hand(some)
        except NotTaken:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.mark.parametrize("form", FORMS)
def test_rsyslog_takes_every_event_once_and_in_order(receiver, certificate, form) -> None:
    port, got, _ = receiver
    transport, some = (
        SyslogTransport("localhost", port, trusting(certificate / "ca.pem"), "region-nord"),
        messages(form),
    )
    for begin in range(0, len(some), 10):
        assert handed(transport, some[begin : begin + 10]).refused == {}
    until = time.monotonic() + WAIT_S
    while len(lines := got.read_text().splitlines() if got.exists() else []) < len(some):
        assert time.monotonic() < until, lines[-1:]
        time.sleep(0.1)
    assert [line.split(" ")[0] for line in lines] == [one.id for one in some]
    for line, message in zip(lines, some, strict=True):
        content = line.split(" ", 4)[4].strip()
        assert (content if form == "cef" else json.loads(content)) == message.content


def test_a_receiver_with_anothers_certificate_gets_nothing(receiver, certificate) -> None:
    port, got, _ = receiver
    handed(SyslogTransport("localhost", port, trusting(certificate / "ca.pem"), "n"), messages("cef")[:1])
    with pytest.raises(NotTaken, match="SSLCertVerificationError"):
        SyslogTransport("localhost", port, trusting(None), "n").hand(messages("cef")[1:2])
    time.sleep(0.3)
    assert len(got.read_text().splitlines()) == 1
