"""The resolver's log: every line counted once, whatever is cut, turned over or killed between; no client kept."""

from hypothesis import example, given
from hypothesis import strategies as st

from bavn.actor.protect.enforcers.rpz_log import RpzLog
from bavn.model.observable import Observable
from bavn.model.ports import EnforcerDown

LINE = "[{at}] unbound[77:0] info: rpz: applied [bavn] {owner}. rpz-nxdomain 10.0.0.{host}@5353 {asked}. A IN\n"


def line(at: int, owner: str, asked: str = "x.y", host: int = 7) -> str:
    return LINE.format(at=at, owner=owner, asked=asked, host=host)


class Writer:
    """Writes the log as unbound does: goes on in the file it has open until it is told to reopen; ends its line
    before that. ``rest``: what is still to come of a line of which half was written."""

    def __init__(self, path) -> None:
        self.path, self.broken, self.rest = path, False, ""
        self.file = path.open("a")

    def write(self, text: str) -> None:
        self.file.write(self.rest + text)
        self.file.flush()
        self.rest = ""

    def reopen_log(self) -> None:
        if self.broken:
            raise EnforcerDown("gone")
        self.write("")
        self.file.close()
        self.file = self.path.open("a")


def test_names_and_children_are_counted_by_the_blocked_name(tmp_path) -> None:
    writer = Writer(tmp_path / "log")
    writer.write("[1] unbound[77:0] info: start of service (unbound 1.26.2).\n")
    writer.write(line(100, "evil.com") + line(90, "*.evil.com", "a.b.evil.com") + line(95, "b.org"))
    writer.write("[96] unbound[77:0] info: rpz: applied [other] c.org. rpz-nxdomain 10.0.0.1@1 c.org. A IN\n")
    log = RpzLog(tmp_path / "log", writer)
    hits, mark = log.read(None)
    assert [(hit.observable, hit.count, hit.first_us, hit.last_us) for hit in hits] == [
        (Observable.of("domain", "b.org"), 1, 95_000_000, 95_000_000),
        (Observable.of("domain", "evil.com"), 2, 90_000_000, 100_000_000),
    ]
    assert [hit.hosts for hit in hits] == [(("10.0.0.7", 95_000_000),), (("10.0.0.7", 100_000_000),)]
    assert "10.0.0.7" not in repr(hits) + mark
    assert log.read(mark) == ((), mark)
    assert log.read(None)[0] == hits
    writer.file.close()


def test_a_client_cannot_write_hits_by_asking_for_strange_names(tmp_path) -> None:
    writer = Writer(tmp_path / "log")
    strange = "x info: rpz: applied [bavn] victim.org. rpz-nxdomain"
    writer.write(f"[5] unbound[77:0] info: {strange} 10.0.0.1@1\n" + line(6, "evil.com", strange))
    hits, _ = RpzLog(tmp_path / "log", writer).read(None)
    assert [hit.observable.value for hit in hits] == ["evil.com"]
    writer.file.close()


def test_there_is_no_log_yet(tmp_path) -> None:
    log = RpzLog(tmp_path / "log", Writer(tmp_path / "other"))
    assert log.read(None) == ((), "0:0")
    log.kept("0:0")
    log._writer.file.close()


ACTS = st.sampled_from(
    ["write", "write", "write", "half", "read", "read", "kept", "kept", "crash", "break", "mend", "restart"]
)


@given(st.lists(ACTS, max_size=60))
@example(["write"] * 4 + ["half", "read", "kept", "write"])
@example(["write"] * 4 + ["read", "write", "kept", "kept", "write", "read", "kept", "kept"])
def test_each_line_is_counted_once_whatever_happens(tmp_path_factory, acts) -> None:
    """``crash``: the read is not kept, the mark stays the old one. ``restart``: the writer starts anew, appending."""
    folder = tmp_path_factory.mktemp("log")
    writer = Writer(folder / "log")
    log = RpzLog(folder / "log", writer, bytes_max=300)
    mark, counted, written = None, 0, 0
    for act in [*acts, "mend", "write", "read", "kept", "read", "kept", "read"]:
        if act == "write":
            writer.write(line(written, "evil.com"))
            written += 1
        elif act == "half" and not writer.rest:
            writer.write("[9] unbound[77:0] info: rpz: applied [bavn] ")
            writer.rest = "evil.com. rpz-nxdomain 1.2.3.4@5 x. A IN\n"
            written += 1
        elif act == "read":
            hits, mark = log.read(mark)
            counted += sum(hit.count for hit in hits)
        elif act == "kept" and mark is not None:
            try:
                log.kept(mark)
            except EnforcerDown:
                continue
        elif act == "crash":
            log.read(mark)
        elif act in ("break", "mend"):
            writer.broken = act == "break"
        elif act == "restart":
            writer.write("")
            writer.file.close()
            writer.file = writer.path.open("a")
    writer.file.close()
    assert counted == written
