"""Sends one e-mail over TLS. Refuses to send without it, to a server whose certificate does not hold, or in the clear
when the server offers no STARTTLS.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final

from bavn.model.moment import as_datetime

TIMEOUT_S: Final = 20.0


class NotSent(Exception):
    """It was not delivered: try again later. The words are for the operator and hold nothing of the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where and how. ``tls``: starttls or tls."""

    host: str
    port: int
    tls: str
    ca_file: Path | None
    user: str
    password: str
    sender: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail. ``kind``: such as application/pdf."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """``key`` makes the Message-ID: a mail that is sent twice has one."""

    to: str
    subject: str
    text: str
    key: str
    at_us: int
    files: tuple[Attachment, ...] = ()


def message_of(mail: Mail, sender: str) -> EmailMessage:
    """The message itself. ValueError for a header with a line break."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Date"] = format_datetime(as_datetime(mail.at_us))
    message["Message-ID"] = _message_id(mail.key, sender)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    for one in mail.files:
        main, _, sub = one.kind.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return message


def _message_id(key: str, sender: str) -> str:
    domain = sender.rpartition("@")[2] or "bavn.invalid"
    return f"<{key}@{domain}>" if key.isalnum() else make_msgid(domain=domain)


def send(server: MailServer, mail: Mail) -> None:
    """Delivers it to the server. Raises NotSent."""
    try:
        message = message_of(mail, server.sender)
        context = ssl.create_default_context(cafile=server.ca_file)
        with _connected(server, context) as smtp:
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        how = (
            "for now" if all(400 <= code < 500 for code in codes) else "for good: the address is wrong, or not allowed"
        )
        raise NotSent(f"the mail server refuses the recipient {how} ({', '.join(map(str, sorted(codes)))})") from error
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"the mail server answered {error.smtp_code}") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(f"the mail server could not be used ({type(error).__name__})") from error


def _connected(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.tls == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        smtp.starttls(context=context)
    except BaseException:
        smtp.close()
        raise
    return smtp
