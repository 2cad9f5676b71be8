"""What a source or a partner is shown and how it is trusted, from files. Refuses to keep a secret anywhere."""

import ssl
from pathlib import Path
from typing import Final

from bavn.model.sector.intel import Access
from bavn.model.settings import SettingsError
from bavn.model.text import Text

SECRET_BYTES_MAX: Final = 10_000


def context_of(access: Access, base: Path) -> ssl.SSLContext:
    """Whom to trust and what to show. Raises SettingsError for files that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=str(base / access.ca_file) if access.ca_file else None)
        if access.cert_file:
            key = str(base / access.key_file) if access.key_file else None
            context.load_cert_chain(str(base / access.cert_file), key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            Text("the source's certificates cannot be used: {error}", error=Text.of_error(error))
        ) from error
    return context


def secret_of(file: Path) -> str:
    """The one line of a file that holds a token or password. Raises SettingsError."""
    try:
        with file.open("rb") as opened:
            text = opened.read(SECRET_BYTES_MAX).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            Text("{file} cannot be read as a secret: {name}", file=file, name=type(error).__name__)
        ) from error
    if not text or not text.isprintable():
        raise SettingsError(Text("{file} holds no secret: one line of ASCII is wanted", file=file))
    return text
