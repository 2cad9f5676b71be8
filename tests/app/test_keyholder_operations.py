"""docs/operations.md, *A key holder of several*, walked with real processes: replaced, moved, and too many lost."""

import shutil
import time
from contextlib import contextmanager

import pytest

from bavn.app.cli.node.run import enrol
from bavn.app.config.load import read_node
from bavn.model.ports import LinkDown, LinkRefused
from bavn.wire.links.keyholder import accept_changed
from tests.app.test_cli_keyholder import command
from tests.app.test_keyholder_threshold import Node, Three, free_port

WAIT_S = 400


class Sector(Three):
    """Three that made their keys, and ``north``, a node that is enrolled at all of them."""

    wait_s = WAIT_S
    slots = "every_s = 30\nround_s = 5.0\n"  # time enough for each round, on a machine that others use too

    def __init__(self, folder):
        super().__init__(folder)
        for number in self.configs:
            self.start(number)
        self.enrol()
        self.wait_for_keys()
        self.north = Node(self, "north")

    def node_file(self):
        return self.folder / "north" / "node.toml"

    def ids(self, number):
        """Of today's elements, as a node that was started anew gets them. While holders share a key anew, two of them
        may say another one for a moment: a node asks again."""
        ends = time.monotonic() + WAIT_S
        with self.started() as node:
            while True:
                try:
                    return node.join(number).ids
                except LinkDown:
                    if time.monotonic() > ends:
                        raise
                    time.sleep(1)

    @contextmanager
    def started(self):
        node = Node.__new__(Node)
        node.opened(read_node(self.node_file()))
        try:
            yield node
        finally:
            node.close()

    def enrol_at(self, number, other):
        pin, token = self.invited(other, number)
        command(self.configs[number], "enrol", str(other), "--pin", pin, "--token", token)

    def replace(self, *numbers):
        """As the docs say: other people set them up anew under their numbers, and all let each other in."""
        rest = self.configs.keys() - {*numbers}
        for number in numbers:
            for other in rest:
                command(self.configs[other], "revoke", f"holder-{number}")
                peer = self.configs[other].parent / "data" / f"keys-holder-{number}"
                peer.rename(peer.with_name(f"old-{number}"))
            shutil.rmtree(self.configs[number].parent / "data")
            command(self.configs[number], "init")
            self.start(number)
        for number in numbers:
            for other in self.configs.keys() - {number}:
                self.enrol_at(number, other)
                if other in rest:
                    self.enrol_at(other, number)
            mine = self.node_file().parent / "data" / f"keys-keyholder-{number}"
            mine.rename(mine.with_name(f"old-{number}"))
            pin, token = self.invited(number, "north")
            enrol(pin=pin, token=token, config=self.node_file(), keyholder=True, holder=number)

    def close(self):
        self.north.close()
        super().close()


@pytest.fixture
def sector(tmp_path):
    made = Sector(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
def test_one_that_is_replaced_and_one_that_moves_change_no_id(sector) -> None:
    first = sector.north.join().ids
    sector.end(3)
    sector.replace(3)
    sector.wait_for_keys()
    sector.end(1)
    assert sector.ids(1) == first, "the new one and the second give the same ids as the first two did"
    sector.start(1)
    sector.end(2)
    moved = f"https://127.0.0.1:{free_port()}"
    config = sector.configs[2]
    config.write_text(config.read_text().replace(str(sector.ports[1]), moved.rsplit(":", 1)[1]))
    for number in (1, 3):
        sector.end(number)
    for file in (sector.configs[1], sector.configs[3], sector.node_file()):
        file.write_text(file.read_text().replace(sector.urls[1], moved))
    sector.urls[1], sector.ports[1] = moved, int(moved.rsplit(":", 1)[1])
    for number in (1, 2, 3):
        sector.start(number)
    sector.wait_for_keys()
    sector.end(3)
    assert sector.ids(2) == first
    assert read_node(sector.node_file()).node.keyholder_urls[1] == moved


@pytest.mark.slow
def test_when_more_than_n_minus_k_are_lost_for_good_the_rest_begins_anew_and_so_do_nodes(sector) -> None:
    first = sector.north.join().ids
    for number in (2, 3):
        sector.end(number)
    sector.replace(2, 3)
    for number in (1, 2, 3):  # at all: a key that one alone still has a share of is waited for by the others
        sector.end(number)
    for config in sector.configs.values():
        shutil.rmtree(config.parent / "data" / "shares", ignore_errors=True)
    for number in (1, 2, 3):
        sector.start(number)
    sector.wait_for_keys()
    again = sector.ids(3)
    assert set(again).isdisjoint(first)
    for number in (4, 5):
        with pytest.raises(LinkRefused, match="signed another key"):
            sector.north.join(number)
    accept_changed(sector.north.book)
    assert sector.north.join(6).ids == again, "where a person accepted it, a node asks for its ids anew"
