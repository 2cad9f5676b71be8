"""An indicator as a rule in a language, or why there is none."""

from collections.abc import Callable
from typing import Final

from bavn.app.siem.rules import sigma, suricata
from bavn.app.siem.rules.rule import Form, Head, head_of, refusal
from bavn.model.intel.indicator import Indicator
from bavn.model.outcome import Refused

WRITERS: Final[dict[Form, Callable[[Indicator, Head], str | Refused]]] = {
    "suricata": suricata.written,
    "sigma": sigma.written,
}


def rule_of(indicator: Indicator, form: Form, now_us: int, place: str = "") -> str | Refused:
    """Text that ends with a line's end. ``place``: where a person reads more of it."""
    refused = refusal(indicator, now_us)
    return WRITERS[form](indicator, head_of(indicator, place)) if refused is None else refused
