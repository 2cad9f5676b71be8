"""OASIS medallion, as it is installed: a TAXII server that keeps one `next` for a whole session, pops what it has
shown, and forgets the session after half a minute. All of 186 objects are taken, in pages of 1 and of 50."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from bavn.app.centre.exchange.keeper import sync_one
from bavn.model.moment import SECOND_US, iso
from bavn.model.sector.intel import Access
from tests.centre.node.intel_world import NOW_US, added
from tests.peers.environment import peer_python

pytestmark = pytest.mark.slow
OBJECTS = 186
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"


@contextmanager
def medallion(folder, page, dates, session_s=30):
    """The server's collection with as many objects as there are dates (when each was added)."""
    objects = [
        added(-n, f"a{n}.example.com", spec_version="2.1", created=iso(NOW_US - SECOND_US))["object"]
        for n in range(len(dates))
    ]
    for n, one in enumerate(objects):
        one["id"] = f"indicator--00000000-0000-4000-8000-{n:012x}"
    manifest = [
        {
            "id": one["id"],
            "date_added": date,
            "version": one["modified"],
            "media_type": "application/stix+json;version=2.1",
        }
        for one, date in zip(objects, dates, strict=True)
    ]
    collection = {
        "id": COLLECTION,
        "title": "all",
        "can_read": True,
        "can_write": True,
        "objects": objects,
        "media_types": ["application/stix+json;version=2.1"],
        "manifest": manifest,
    }
    root = {"title": "r", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 10_000_000}
    (folder / "data.json").write_text(
        json.dumps(
            {"/discovery": {"title": "t"}, "root": {"information": root, "status": [], "collections": [collection]}}
        )
    )
    (folder / "config.json").write_text(
        json.dumps(
            {
                "backend": {
                    "module": "medallion.backends.memory_backend",
                    "module_class": "MemoryBackend",
                    "filename": str(folder / "data.json"),
                    "session_timeout": session_s,
                    "check_interval": 1,
                },
                "users": {"anna": "secret"},
                "taxii": {"max_page_size": page},
            }
        )
    )
    (folder / "password").write_text("secret\n")
    (folder / "password").chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [peer_python("medallion"), "-m", "medallion.scripts.run", "--port", str(port), folder / "config.json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and not _answers(port):
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/root/collections/{COLLECTION}"
    finally:
        process.kill()
        process.wait()


def _answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/taxii2/", timeout=2).close()
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
    return True


def source(world, url):
    world.source("tt", "taxii", place=url, trust=60, access=Access(user="anna", password_file="password"))


DIFFERENT = [iso(NOW_US - (OBJECTS - n) * SECOND_US) for n in range(OBJECTS)]
SAME = [iso(NOW_US - SECOND_US)] * OBJECTS


@pytest.mark.parametrize(("page", "dates"), [(50, DIFFERENT), (1, DIFFERENT), (50, SAME)])
def test_all_is_taken_and_a_second_reading_has_nothing_new(world, tmp_path, page, dates) -> None:
    with medallion(tmp_path, page, dates) as url:
        source(world, url)
        done = sync_one(world.intel, "tt", tmp_path)
        assert (done.failure, done.more, done.counts.new, done.counts.refused) == ("", False, OBJECTS, 0)
        again = sync_one(world.intel, "tt", tmp_path)
        assert (again.failure, again.counts.met_gate) == ("", 0)
    assert world.intel.proposals.count() == OBJECTS


def test_a_session_that_the_server_has_forgotten_begins_anew(world, tmp_path) -> None:
    """As an earlier version of Bavn left it: a `next` of a session that is over."""
    with medallion(tmp_path, 50, DIFFERENT) as url:
        source(world, url)
        world.intel.sources.advanced("tt", {"after": "", "next": "long-gone", "last": DIFFERENT[49]}, 0, 0)
        world.intel.sources.let_go("tt")
        done = sync_one(world.intel, "tt", tmp_path)
        assert (done.failure, done.counts.new) == ("", OBJECTS)


def test_who_is_not_known_is_told_so(world, tmp_path) -> None:
    with medallion(tmp_path, 50, DIFFERENT[:3]) as url:
        source(world, url)
        (tmp_path / "password").write_text("wrong\n")
        assert "401" in sync_one(world.intel, "tt", tmp_path).failure
