"""Posts one JSON body to a webhook, signed: HMAC-SHA256 over ``TIME.BODY`` as ``Bavn-Signature: t=TIME,v1=HEX``.

``Bavn-Delivery`` names the reminder, so that who gets one twice can tell. Refuses to follow a redirect, and to read
more of an answer than its status.
"""

import hashlib
import hmac
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import rfc8785

from bavn.app.net.mailer import NotSent
from bavn.model.moment import SECOND_US

TIMEOUT_S: Final = 10.0
SECRET_BYTES_MIN: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Where, and with which key."""

    url: str
    secret: bytes
    ca_file: Path | None


def signature(secret: bytes, at_s: int, body: bytes) -> str:
    """What stands in ``Bavn-Signature``."""
    digest = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


def post(hook: Hook, delivery: str, content: dict[str, Any], at_us: int) -> None:
    """Delivers it. Raises NotSent for anything but an answer 2xx."""
    body = rfc8785.dumps(content)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "bavn",
        "Bavn-Delivery": delivery,
        "Bavn-Signature": signature(hook.secret, at_us // SECOND_US, body),
    }
    try:
        context = ssl.create_default_context(cafile=hook.ca_file)
        with (
            httpx.Client(verify=context, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", hook.url, content=body, headers=headers) as answer,
        ):
            if not answer.is_success:
                raise NotSent(f"the webhook answered {answer.status_code}")
    except (httpx.HTTPError, OSError) as error:
        raise NotSent(f"the webhook could not be reached ({type(error).__name__})") from error
