"""Whatever happens between a message, the book and the enforcers, in the end exactly the wanted set is in force."""

import signal
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bavn.model.moment import HOUR_US, SECOND_US
from bavn.wire.book import Book
from bavn.wire.ledger import Ledger

from .conftest import indicator, released, withdrawn

T0 = 1_795_000_000_000_000


def test_the_door_hears_exactly_once_and_protect_looks_later(make_actor) -> None:
    actor = make_actor()
    message = released(indicator())

    def hear_and_die() -> None:
        with actor.book.transaction():
            actor.take_in(message)
            raise RuntimeError("the node died before it noted that it heard")

    with pytest.raises(RuntimeError):
        hear_and_die()
    actor.protect.step()
    assert actor.enforcer.holds == set()
    with actor.book.transaction():
        actor.take_in(message)
    assert actor.lines() == []
    actor.again().protect.step()
    assert actor.enforcer.holds == {"evil-c2.com"}
    assert len(actor.lines()) == 1


DYING = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from bavn.actor.protect.carriers import Enforcers
    from bavn.actor.protect.never import NeverBlock
    from bavn.actor.protect.outfit import ProtectOutfit
    from bavn.actor.protect.policy import ProtectPolicy
    from bavn.actor.protect.protect import Protect
    from bavn.actor.protect.enforcers.textlist import TextList
    from bavn.wire.book import Book
    from bavn.wire.ledger import Ledger
    from bavn.wire.messages.catalogue import IndicatorReleased

    folder, when = Path(sys.argv[1]), int(sys.argv[2])
    calls = 0

    class Dying(TextList):
        def enforce(self, blocks):
            global calls
            calls += 1
            if calls == when:
                os.kill(os.getpid(), signal.SIGKILL)
            super().enforce(blocks)

    class Clock:
        def now_us(self):
            return 1_795_000_000_000_000

    outfit = ProtectOutfit(
        clock=Clock(), policy=ProtectPolicy(),
        never=NeverBlock.of("", "none"), enforcers=Enforcers((Dying(folder),), ()),
    )
    protect = Protect(Ledger(Book(folder / "book")), outfit)
    protect.start()
    for bundle in sys.stdin.read().splitlines():
        protect.receive([IndicatorReleased(bundle=bundle)])
        print("done", flush=True)
    """
)


@pytest.mark.slow
def test_kill_9_between_book_and_enforcer_loses_nothing(make_actor, tmp_path) -> None:
    names = [f"c{n}.evil.com" for n in range(6)]
    bundles = [released(indicator(name, n=n)).bundle for n, name in enumerate(names)]
    for when in (3,):
        folder = tmp_path / str(when)
        folder.mkdir()
        died = subprocess.run(
            [sys.executable, "-c", DYING, folder, str(when)],
            input="\n".join(bundles),
            capture_output=True,
            text=True,
            check=False,
        )
        assert died.returncode == -signal.SIGKILL
        done = died.stdout.count("done")
        assert done == when - 2
        again = subprocess.run(
            [sys.executable, "-c", DYING, folder, "0"], input="", capture_output=True, text=True, check=True
        )
        assert again.stderr == ""
        # The one that was in the book but not yet in force is in force after the start.
        assert (folder / "domain.txt").read_text().split() == names[: done + 1]
        with Book(folder / "book") as book:
            assert Ledger(book).verify() is None
            assert len(list(Ledger(book).every())) == done + 1


class Model:
    """What should be in force: the plain words of the rules, without a database."""

    def __init__(self) -> None:
        self.items: dict = {}

    def wanted(self, now: int) -> set[str]:
        return {value for _, value, until, on in self.items.values() if on and until > now}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["release", "withdraw", "step", "restart", "break", "mend"]),
            st.integers(1, 4),
            st.integers(1, 5),
            st.integers(1, 8),
        ),
        max_size=25,
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_in_the_end_exactly_the_wanted_set_is_in_force(make_actor, acts) -> None:
    actor, model = make_actor(), Model()
    for act, n, version, hours in acts:
        made = indicator(f"c{n}.evil.com", n=n, version=T0 + version, valid_until_us=T0 + hours * HOUR_US)
        known = model.items.get(n)
        if act == "release":
            actor.protect.receive([released(made)])
            if known is None or version > known[0]:
                model.items[n] = (version, made.observable.value, made.valid_until_us, True)
        elif act == "withdraw":
            actor.protect.receive([withdrawn(made)])
            if known is None or version >= known[0]:
                model.items[n] = (version, made.observable.value, 0, False)
        elif act == "step":
            actor.clock.us += hours * HOUR_US // 4
            actor.protect.step()
        elif act == "restart":
            actor.again()
        else:
            actor.enforcer.broken = act == "break"
    actor.enforcer.broken = False
    actor.clock.us += SECOND_US * 301
    actor.protect.step()
    assert actor.enforcer.holds == actor.watcher.holds == model.wanted(actor.clock.us)
    offered = sum(act in ("release", "withdraw") for act, *_ in acts)
    assert len(actor.lines()) == offered
