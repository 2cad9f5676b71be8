"""The spelling that two nodes must share before they can meet: how a thing is written, and where a name is cut.

A name joins as its registered domain, so two nodes whose public suffix lists differ may cut one name in two ways and
then never meet on it, silently. Hence a round names the forms it is made for (psi/round.py binds them into its key).
Refuses to take a list from anybody: who could send one could make hosts into elements.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

import idna
from publicsuffixlist import PSLFILE

CANONICAL_VERSION: Final = 1
"""Counts up with every change of a canonical form in observable.py or of the bytes in psi/element.py."""
FORMS_PATTERN: Final = r"[0-9]{1,4}-[0-9a-f]{16}"


@lru_cache(maxsize=1)
def forms() -> str:
    """This installation's forms: the version of the canonical forms, a dash, and 16 hex digits of the hash of the
    public suffix list's rules and of the version of Unicode by which names are written in ASCII."""
    lines = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    rules = sorted({line.split()[0] for line in lines if line.strip() and not line.startswith("//")})
    digest = hashlib.sha256("\n".join([idna.idnadata.__version__, *rules]).encode()).hexdigest()
    return f"{CANONICAL_VERSION}-{digest[:16]}"


def same_spelling(named: str) -> bool:
    """True if whoever named these forms writes every observable as this installation does."""
    return named.partition("-")[0] == str(CANONICAL_VERSION)


def same_names(named: str) -> bool:
    """True if whoever named these forms also cuts every name where this installation does."""
    return named == forms()
