"""The parties that nobody need trust alone, on their pages: key holders and the centre's log at a node, and the log at
the centre."""

import json
import shutil
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from bavn.actor.door.conversations.witness_book import ProvenEntry, WitnessBook
from bavn.app.node.health.holders import holders_state
from bavn.centre.store import log, witnesses
from bavn.centre.store.engine import writing
from bavn.centre.store.log_tables import LOG_SHOWN
from bavn.model.moment import MINUTE_US
from bavn.model.text import Text
from bavn.tlog.checkpoint import Checkpoint, line_by, signed, witness_of
from bavn.wire.book import Book
from bavn.wire.links.holders import HoldersSeen, Named, RoundAsked
from tests.app.web.pages.conftest import SAC_ROLES, SIZES, SOC_ROLES
from tests.app.web.pages.looking import axe_clean, csp_reports, settled, shot, untranslated

pytestmark = [pytest.mark.slow, pytest.mark.chromium]
KEY = Ed25519PrivateKey.from_private_bytes(b"l" * 32)


def checkpoint(size):
    return Checkpoint("bavn/sector", size, size.to_bytes(32))


def add_to_node(file):
    """Key holder 2 of three has been gone for ten minutes; a log of 41 entries, and a release that was proven."""
    urls = [f"https://{name}.example:8444" for name in ("region", "agency", "association")]
    file.write_text(
        file.read_text().replace("[node]\n", f"[node]\nkeyholder_urls = {json.dumps(urls)}\nkeyholders_k = 2\n")
    )
    now_us, health = time.time_ns() // 1000, file.parent / "data" / "health.json"
    gone = Named(2, lied=False, since_us=now_us - 10 * MINUTE_US, why=Text.plain("connection refused"))
    answered_us = {1: now_us - MINUTE_US, 2: now_us - 15 * MINUTE_US, 3: now_us - MINUTE_US}
    rounds = (
        RoundAsked(now_us - MINUTE_US, "aa" * 16, "A", (1, 3), ()),
        RoundAsked(now_us - 10 * MINUTE_US, "bb" * 16, "A", (1, 3), (2,)),
        RoundAsked(now_us - 15 * MINUTE_US, "cc" * 16, "B", (1, 2), ()),
    )
    written = holders_state(HoldersSeen(2, (1, 2, 3), (gone,), answered_us, rounds))
    health.write_text(json.dumps({**json.loads(health.read_text()), "key_holders": written}))
    for number in (1, 3):  # its certificates for two of them are no reason for the page to fail
        shutil.copytree(file.parent / "data" / "keys", file.parent / "data" / f"keys-keyholder-{number}")
    note = signed(checkpoint(41), KEY)
    lines = [line_by(witness_of(bytes([number] * 32)), 5, b"s" * 64) for number in range(1, 5)]
    with Book(file.parent / "data" / "node.db") as book, book.transaction():
        kept = WitnessBook(book)
        kept.keep("key", note.text(), checkpoint(41), "witness", now_us - 5 * MINUTE_US)
        kept.keep_proven(
            [ProvenEntry(name="aa", kind="release", number=1)], note.with_lines(lines).text(), now_us - 4 * MINUTE_US
        )


def add_to_centre(engine):
    """Three members cosigned 40 entries and one of them 41."""
    now_us = time.time_ns() // 1000
    with writing(engine) as tx:
        for size, cosigned in ((40, 3), (41, 1)):
            seen, root = checkpoint(size), checkpoint(size).root.hex()
            note, at_us = signed(seen, KEY).text(), now_us - (42 - size) * MINUTE_US
            log.keep_state(tx, origin=seen.origin, size=size, root=root, note=note, at_us=at_us)
            tx.execute(insert(LOG_SHOWN).values(size=size, root=root, note=note, at_us=at_us, cosigned=cosigned))
        for actor, size in (("region-nord", 41), ("region-syd", 40)):
            witnesses.has_seen(tx, actor, size, checkpoint(size).root.hex(), None, now_us)


def clean(page, name):
    for size in ("desk", "phone"):
        page.set_viewport_size(SIZES[size])
        assert [*csp_reports(page), *axe_clean(page), *untranslated(page)] == []
        shot(page, f"{name}-{size}")


@pytest.mark.parametrize("lang", ["en", "da"])
def test_a_node_names_the_key_holder_that_is_silent_and_what_it_saw_of_the_log(opened, new_soc, tmp_path, lang) -> None:
    with new_soc(tmp_path) as served:
        add_to_node(served.drawn["north"])
        page = opened(served, SOC_ROLES, lang=lang)
        page.goto("/nodes/north/health")
        settled(page)
        says = {"en": ("Answered last", "silent"), "da": ("Svarede sidst", "tavs")}[lang]
        table = page.get_by_role("table").filter(has_text=says[0]).get_by_role("row")
        assert [("agency" in row, says[1] in row) for row in table.all_inner_texts()[1:]] == [
            (False, False),
            (True, True),
            (False, False),
        ]
        assert "41" in page.get_by_text(checkpoint(41).root.hex()).locator("xpath=..").inner_text()
        clean(page, f"soc-parties-{lang}")


@pytest.mark.parametrize("lang", ["en", "da"])
def test_the_centre_shows_its_newest_checkpoint_and_how_many_cosigned(opened, new_sac, tmp_path, lang) -> None:
    with new_sac(tmp_path) as served:
        add_to_centre(served.drawn.engine)
        page = opened(served, SAC_ROLES, lang=lang)
        page.goto("/rounds?tab=log")
        settled(page)
        page.get_by_text({"en": "members cosigned", "da": "har medunderskrevet"}[lang]).wait_for()
        clean(page, f"sac-log-{lang}")
