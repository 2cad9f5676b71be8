"""The mail server that ``[remind]`` names and its secrets. Refuses to connect, and a secret that others can read."""

from pathlib import Path
from typing import Final

from bavn.app.config.remind import MailTable
from bavn.app.net.mailer import MailServer
from bavn.app.process.exits import Exit, Stop, why_of
from bavn.model.text import Text

SECRET_BYTES_MAX: Final = 4096


def server_of(table: MailTable, base: Path) -> MailServer | None:
    """None where no mail server is named. ``base``: where relative paths count from. Stop for a file of secrets that is
    missing, empty or open to others."""
    if not table.smtp_host:
        return None
    password = secret_of(base, table.smtp_password_file).decode("utf-8", "replace") if table.smtp_user else ""
    return MailServer(
        host=table.smtp_host,
        port=table.smtp_port,
        tls=table.smtp_tls,
        ca_file=path_of(base, table.smtp_ca_file),
        user=table.smtp_user,
        password=password,
        sender=table.mail_from,
    )


def path_of(base: Path, name: str) -> Path | None:
    """None where none is named."""
    return (base / name).resolve() if name else None


def secret_of(base: Path, name: str) -> bytes:
    """What a file of secrets holds. Stop where it is missing, empty or open to others."""
    path = (base / name).resolve()
    try:
        if path.stat().st_mode & 0o077:
            raise Stop(Exit.CONFIGURATION, Text("{path} can be read by others than its owner: chmod 600", path=path))
        with path.open("rb") as opened:
            secret = opened.read(SECRET_BYTES_MAX).strip()
    except OSError as error:
        raise Stop(
            Exit.CONFIGURATION, Text("[remind]: {path} cannot be read ({why})", path=path, why=why_of(error))
        ) from error
    if not secret:
        raise Stop(Exit.CONFIGURATION, Text("[remind]: {path} is empty", path=path))
    return secret
