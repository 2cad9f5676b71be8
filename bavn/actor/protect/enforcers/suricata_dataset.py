"""Datasets of a running Suricata, changed over its command socket: the next packet is looked up in the new set.

Each time the sets are asked for as they are (Suricata writes them out), compared with what is wanted, and only the
difference is sent; so whatever was there before, afterwards exactly the wanted set is. Refuses to know who runs
Suricata, and what an alert means.
"""

import base64
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from bavn.actor.protect.enforcers.atomic import read_if_there, write_whole
from bavn.actor.protect.enforcers.suricata_rules import DATASETS, LABELS_MAX, RULES_NAME, rules_text
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import EnforcerDown
from bavn.model.text import Text

SHA1_HEX_CHARS: Final = 40
_FORMS: Final = dict(sorted(set(DATASETS.values())))


def lay_out(data_folder: Path, action: Literal["alert", "drop"] = "alert") -> Path:
    """Puts what a Suricata must find at its start into its ``--data-dir``: our rules, and empty sets where there are
    none yet. ``drop`` for one that stands inline. Returns the rule file. Raises EnforcerDown."""
    rules, text = data_folder / RULES_NAME, rules_text(action).encode("ascii")
    if read_if_there(rules) != text:
        write_whole(rules, text)
    for name in _FORMS:
        if read_if_there(data_folder / f"{name}.lst") is None:
            write_whole(data_folder / f"{name}.lst", b"")
    return rules


class Speaks(Protocol):
    """A connection to Suricata's command socket."""

    def ask(self, command: str, **arguments: str) -> tuple[bool, Any]:
        """Whether it was done, and what was said. Raises EnforcerDown."""
        ...


class SuricataDataset:
    """``connect`` opens a connection for a ``with`` block; ``data_folder`` is Suricata's ``--data-dir``."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Speaks]], data_folder: Path) -> None:
        self._connect = connect
        self._data_folder = data_folder

    name = "suricata_dataset"
    carries = frozenset(DATASETS)

    def takes(self, observable: Observable) -> bool:
        """Names as deep as the rules go; certificates by SHA-1, since that is what Suricata computes."""
        if observable.type is ObservableType.DOMAIN:
            return observable.value.count(".") < LABELS_MAX
        return observable.type is not ObservableType.CERT or len(observable.value) == SHA1_HEX_CHARS

    def enforce(self, blocks: Sequence[Block]) -> None:
        """See the Enforcer port."""
        wanted: dict[str, set[str]] = {name: set() for name in _FORMS}
        for block in blocks:
            wanted[DATASETS[block.observable.type][0]].add(as_written(block.observable))
        with self._connect() as line:
            self._dump(line)
            changed = False
            for name, form in _FORMS.items():
                there = self._there(name, form)
                for command, values in (("add", wanted[name] - there), ("remove", there - wanted[name])):
                    for value in sorted(values):
                        self._change(line, command, name, form, value)
                        changed = True
            if changed:
                self._dump(line)

    def _dump(self, line: Speaks) -> None:
        done, said = line.ask("dataset-dump")
        if not done:
            raise EnforcerDown(Text("Suricata does not write its sets out: {said}", said=said))

    def _there(self, name: str, form: str) -> set[str]:
        written = read_if_there(self._data_folder / f"{name}.lst")
        if written is None:
            raise EnforcerDown(
                Text("Suricata has no set {name}: our rules are not loaded, or its data folder is another", name=name)
            )
        return {_canonical(line, form) for line in written.decode("ascii", "replace").split()}

    def _change(self, line: Speaks, command: str, name: str, form: str, value: str) -> None:
        done, reply = line.ask(f"dataset-{command}", setname=name, settype=form, datavalue=value)
        if not done:
            raise EnforcerDown(
                Text("Suricata refused dataset-{command} on {name}: {said}", command=command, name=name, said=reply)
            )


def as_written(observable: Observable) -> str:
    """How a value stands in a set: base64 of the text that Suricata compares with, addresses as they are."""
    if observable.type in (ObservableType.IP4, ObservableType.IP6):
        return observable.value
    value = observable.value
    if observable.type is ObservableType.CERT:
        value = ":".join(value[i : i + 2] for i in range(0, len(value), 2))
    return base64.b64encode(value.encode("ascii")).decode("ascii")


def _canonical(line: str, form: str) -> str:
    """Suricata writes IPv6 in full; nothing else has two spellings."""
    try:
        return str(ip_address(line)) if form == "ip" else line
    except ValueError:
        return line
