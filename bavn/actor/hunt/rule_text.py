"""YAML from strangers, within bounds: size, depth, nodes and aliases are counted on the parser's events before anything
is built from them. Refuses to know what a rule is.
"""

from dataclasses import dataclass
from typing import Any, Final

import yaml
from sigma.rule.base import SigmaYAMLLoader, check_alias_expansion

BYTES_MAX: Final = 2 << 20
DEPTH_MAX: Final = 24
NODES_MAX: Final = 100_000
ALIASES_MAX: Final = 50
DOCUMENTS_MAX: Final = 1000


class NotReadable(ValueError):
    """The file cannot be read as rules; the text says why. Who must act: whoever wrote it."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file of rules as it was read: its name for people, and its bytes."""

    name: str
    raw: bytes


def documents(raw: bytes) -> list[Any]:
    """The YAML documents of a file; empty ones left out. Raises NotReadable."""
    if len(raw) > BYTES_MAX:
        raise NotReadable(f"the file has more than {BYTES_MAX:,} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotReadable(f"the file is no UTF-8 (byte {error.start})") from error
    try:
        _count(text)
        documents = list(yaml.load_all(text, Loader=SigmaYAMLLoader))  # a CSafeLoader that refuses a key given twice
        for document in documents:
            check_alias_expansion(document)
    except NotReadable:
        raise
    except RecursionError as error:
        raise NotReadable("it is nested too deeply") from error
    except Exception as error:  # whatever YAML's parser and types say, the text is at fault
        raise NotReadable(f"it is no YAML that can be read: {_first_line(error)}") from error
    return [document for document in documents if document is not None]


def _count(text: str) -> None:
    depth = aliases = ends = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader), 1):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        elif isinstance(event, yaml.DocumentStartEvent):
            ends += 1
        for count, most, what in (
            (depth, DEPTH_MAX, "levels of nesting"),
            (nodes, NODES_MAX, "nodes"),
            (aliases, ALIASES_MAX, "aliases"),
            (ends, DOCUMENTS_MAX, "documents"),
        ):
            if count > most:
                raise NotReadable(f"it has more than {most:,} {what}")


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
