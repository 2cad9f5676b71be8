"""Datasets and their rules, against a Suricata that is played."""

import base64
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bavn.actor.protect.enforcers.suricata_dataset import SuricataDataset, as_written, lay_out
from bavn.actor.protect.enforcers.suricata_rules import DATASETS, RULES_NAME, rules_text
from bavn.actor.protect.enforcers.suricata_socket import SuricataSocket
from bavn.model.intel.indicator import Block
from bavn.model.observable import Observable, ObservableType
from bavn.model.ports import EnforcerDown


def blocks(*observables) -> list[Block]:
    return [Block(made, "indicator--x", 1) for made in observables]


class PlayedSuricata:
    """Keeps sets as Suricata does, and writes them out in its spelling."""

    def __init__(self, folder) -> None:
        self.folder, self.asked, self.refuses = folder, [], ""
        self.sets = {name: set() for name, _ in DATASETS.values()}
        self.dump()

    def dump(self) -> None:
        for name, values in self.sets.items():
            (self.folder / f"{name}.lst").write_text("".join(f"{value}\n" for value in sorted(values)))

    def ask(self, command, **arguments):
        self.asked.append(command)
        if command == self.refuses:
            return False, "no"
        if command == "dataset-dump":
            self.dump()
            return True, "datasets dump done"
        values = self.sets[arguments["setname"]]
        (values.add if command == "dataset-add" else values.remove)(arguments["datavalue"])
        return True, "done"

    def connect(self):
        return contextlib.nullcontext(self)


VALUES = st.one_of(
    st.sampled_from(["evil.com", "a.b.c.d.e.org", "x-y_z.net"]).map(lambda v: Observable.of("domain", v)),
    st.ip_addresses().map(lambda v: Observable.address(str(v))),
    st.integers(0, 2**128 - 1).map(lambda n: Observable.of("ja3", f"{n:032x}")),
    st.integers(0, 2**160 - 1).map(lambda n: Observable.of("cert", f"{n:040x}")),
    st.integers(0, 2**48 - 1).map(lambda n: Observable.of("ja4", f"t13d1516h2_{n:012x}_e5627efa2ab1")),
)
SETS = st.lists(VALUES, max_size=8)


@given(SETS, SETS)
@settings(max_examples=40)
def test_whatever_was_there_exactly_the_wanted_set_is(tmp_path_factory, before, wanted) -> None:
    played = PlayedSuricata(tmp_path_factory.mktemp("data"))
    made = SuricataDataset(played.connect, played.folder)
    for given_ in (before, wanted):
        made.enforce(blocks(*given_))
        there = {(name, value) for name, values in played.sets.items() for value in values}
        assert there == {(DATASETS[item.type][0], as_written(item)) for item in given_}
    played.asked.clear()
    made.enforce(blocks(*wanted))
    assert played.asked == ["dataset-dump"]


def test_what_it_cannot_match_is_not_taken_and_values_are_spelled_as_suricata_has_them(tmp_path) -> None:
    made = SuricataDataset(PlayedSuricata(tmp_path).connect, tmp_path)
    assert not made.takes(Observable.of("cert", "ab" * 32))
    assert made.takes(Observable.of("domain", "a.b.c.d.e.org"))
    assert not made.takes(Observable.of("domain", "a.b.c.d.e.f.org"))
    assert ObservableType.SHA256 not in made.carries
    assert base64.b64decode(as_written(Observable.of("cert", "ab" * 20))).decode() == ":".join(["ab"] * 20)
    assert base64.b64decode(as_written(Observable.of("domain", "evil.com"))) == b"evil.com"
    assert as_written(Observable.of("ip6", "2001:db8::9")) == "2001:db8::9"
    lines = [line for line in rules_text("drop").splitlines() if not line.startswith("#")]
    assert len(lines) == 25
    assert all(line.startswith("drop ") and "threshold" not in line for line in lines)
    assert len({line.split("sid:")[1] for line in lines}) == 25
    with pytest.raises(EnforcerDown, match="command socket"), SuricataSocket(tmp_path / "none"):
        pass


@pytest.mark.parametrize("command", ["dataset-dump", "dataset-add", "dataset-remove"])
def test_a_refusal_is_an_enforcer_that_is_down(tmp_path, command) -> None:
    played = PlayedSuricata(tmp_path)
    played.sets["bavn-domain"].add("b2xkLmNvbQ==")
    played.refuses = command
    with pytest.raises(EnforcerDown):
        SuricataDataset(played.connect, tmp_path).enforce(blocks(Observable.of("domain", "evil.com")))


def test_what_suricata_must_find_at_its_start_is_laid_out_and_sets_stay(tmp_path) -> None:
    folder = tmp_path / "sets"
    assert lay_out(folder) == folder / RULES_NAME
    assert {file.name for file in folder.iterdir()} == {RULES_NAME, *(f"{name}.lst" for name, _ in DATASETS.values())}
    (folder / "bavn-domain.lst").write_text("ZXZpbC5jb20=\n")
    (folder / RULES_NAME).write_text("an older Bavn's rules")
    (folder / "bavn-ip.lst").unlink()
    lay_out(folder)
    assert (folder / RULES_NAME).read_text() == rules_text()
    assert (folder / "bavn-domain.lst").read_text() == "ZXZpbC5jb20=\n"
    assert (folder / "bavn-ip.lst").read_text() == ""
    before = (folder / RULES_NAME).stat().st_ino
    lay_out(folder)
    assert (folder / RULES_NAME).stat().st_ino == before
