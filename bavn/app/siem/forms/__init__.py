"""The forms of an event, one file each: a JSON object, or a line of text."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bavn.app.siem.event import SiemEvent, Teller
from bavn.app.siem.forms import cef, ecs

Form = Callable[[SiemEvent, Teller], dict[str, Any] | str]

FORMS: Final[Mapping[str, Form]] = {"ecs": ecs.document, "cef": cef.line}
