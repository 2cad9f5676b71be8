"""Builds the enforcers that reach programs of the actor's own: BIND by update, squid, the webhook.

Whatever the operator must mend is one Stop with what to do. Refuses to enforce anything.
"""

import contextlib
import ssl
from collections.abc import Callable
from functools import partial
from typing import cast

from bavn.actor.protect.enforcers.bind_update import BindUpdate
from bavn.actor.protect.enforcers.playbook import CONTENT_TYPES, Form, Sender
from bavn.actor.protect.enforcers.squid_acl import SquidAcl
from bavn.actor.protect.enforcers.webhook import Webhook
from bavn.actor.protect.enforcers.webhook_post import Poster, allowed, secret_of
from bavn.actor.protect.enforcers.zone_answers import key_of
from bavn.app.config.enforce import EnforceTable
from bavn.app.config.load import NodeConfig
from bavn.app.node.zone_service import endpoint
from bavn.app.process.exits import Exit, Stop
from bavn.app.process.late import enforcer_of
from bavn.app.process.real import SystemClock, SystemDice
from bavn.model.failure import Failures
from bavn.model.observable import NotCanonical, Observable, ObservableType
from bavn.model.ports import Enforcer
from bavn.model.text import Text
from bavn.wire.book import Book

WEBHOOK_BOOK = "webhook.db"
_FORMS: dict[str, Form] = {"openc2": "openc2", "cacao": "cacao", "both": "both"}


def reaching_out(
    config: NodeConfig, clock: SystemClock, closing: contextlib.ExitStack, failures: Failures
) -> list[Enforcer]:
    """Those that are configured, the slowest last. What they hold open is let go by ``closing``. Raises Stop."""
    given = config.enforce
    enforcers: list[Enforcer] = []
    for wanted, kind, make in (
        (given.squid_folder, SquidAcl, partial(squid_of, config)),
        (given.update_server or given.update_zone or given.update_key, BindUpdate, partial(update_of, config)),
        (given.webhook_url or given.webhook_secret, Webhook, partial(webhook_of, config, clock, closing)),
    ):
        if wanted:
            enforcers.append(enforcer_of(kind.name, cast("Callable[[], Enforcer]", make), failures))
    return enforcers


def squid_of(config: NodeConfig) -> SquidAcl | None:
    """The lists of a squid; None where there is none."""
    given = config.enforce
    if not given.squid_folder:
        return None
    if not given.squid_command:
        raise Stop(Exit.CONFIGURATION, Text("[enforce] squid_command: without it squid never reads its lists again"))
    return SquidAcl(config.path(given.squid_folder), given.squid_command)


def update_of(config: NodeConfig) -> BindUpdate | None:
    """A BIND of the actor's own that takes updates; None where there is none. Raises Stop."""
    given = config.enforce
    if not (given.update_server or given.update_zone or given.update_key):
        return None
    where = "[enforce] update_server, update_zone, update_key"
    if not (given.update_server and given.update_zone and given.update_key):
        raise Stop(Exit.CONFIGURATION, Text("{where}: all three are needed", where=where))
    try:
        zone = given.update_zone.removesuffix(".")
        if zone != "bavn":  # else a name of two labels at least, like any other
            zone = Observable.of(ObservableType.DOMAIN, zone).value
        return BindUpdate(endpoint(given.update_server), f"{zone}.", key_of(given.update_key))
    except (NotCanonical, ValueError) as error:
        raise Stop(
            Exit.CONFIGURATION, Text.shaped("{where}: {error}", where=where, error=Text.of_error(error))
        ) from error


def webhook_of(config: NodeConfig, clock: SystemClock, closing: contextlib.ExitStack) -> Webhook | None:
    """The way to a receiver of commands; None where there is none. Raises Stop."""
    given = config.enforce
    secret = webhook_secret_of(given)
    if secret is None:
        return None
    authority = config.path(given.webhook_ca_file) if given.webhook_ca_file else None
    try:
        poster = Poster(given.webhook_url, secret, clock, authority=authority)
    except (ValueError, ssl.SSLError, OSError) as error:
        raise _webhook_refused(error) from error
    closing.callback(poster.close)
    config.folder.mkdir(parents=True, exist_ok=True)
    book = closing.enter_context(Book(config.folder / WEBHOOK_BOOK))
    sender = Sender(config.node.actor, given.webhook_url, poster.path)
    hook = Webhook(book, poster, sender, clock, SystemDice(), form=_FORMS[given.webhook_body])
    closing.callback(hook.close)
    return hook


def webhook_secret_of(given: EnforceTable) -> bytes | None:
    """The key of a webhook whose settings can be meant; None where there is no webhook. Raises Stop."""
    if not (given.webhook_url or given.webhook_secret):
        return None
    if given.webhook_body not in _FORMS:
        said = f"[enforce] webhook_body: one of {', '.join(CONTENT_TYPES)}, not {given.webhook_body[:40]!r}"
        raise Stop(Exit.CONFIGURATION, said)
    try:
        allowed(given.webhook_url)
        return secret_of(given.webhook_secret)
    except ValueError as error:
        raise _webhook_refused(error) from error


def _webhook_refused(error: Exception) -> Stop:
    return Stop(
        Exit.CONFIGURATION,
        Text("[enforce] webhook_url, webhook_secret, webhook_ca_file: {error}", error=Text.of_error(error)),
    )
