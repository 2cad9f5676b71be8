"""TAXII: 100,000 objects paged by the OASIS client over TLS without loss or repeat while 1,000 are being added.

    python bench/taxii.py [--objects 100000] [--added 1000] [--page 1000]

Prints one JSON object; ends with 1 where an object was lost or came twice. The rooms are the centre's own: a released
indicator goes on the shelf, through gate 3 with its ledger line, and over HTTPS.
"""

import argparse
import importlib.util
import json
import logging
import os
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import insert
from taxii2client.v21 import as_pages

from bavn.centre.share.outgoing import Grounds
from bavn.centre.share.tables import INDICATOR, writing
from bavn.model.moment import DAY_US, iso

TESTS = Path(__file__).resolve().parent.parent / "tests" / "app" / "exchange"


def load(name):
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def released(world, count):
    """So many indicators as a release leaves them in the centre's database."""
    now_us = world.clock.now_us()
    grounds = json.dumps(
        asdict(Grounds(score=9.0, groups=3, listed=(), approved_by="Anna Berg", people=("Anna Berg", "Bo Lund")))
    )
    common = {
        "version": now_us,
        "case_id": "case-00000000000000aa",
        "type": "domain",
        "tlp": "TLP:GREEN",
        "pap": 2,
        "confidence": 80,
        "valid_from_us": now_us,
        "valid_until_us": now_us + 30 * DAY_US,
        "technique": "T1071.001",
        "created_us": now_us,
        "released_us": now_us,
        "withdrawn_us": None,
        "live": True,
        "order_no": 1,
        "grounds": grounds,
    }
    rows = [
        common | {"id": f"indicator--{n:08x}-0000-4000-8000-000000000000", "value": f"a{n}.example.com"}
        for n in range(count)
    ]
    with writing(world.engine) as connection:
        connection.execute(insert(INDICATOR), rows)


def main() -> None:
    asked = argparse.ArgumentParser()
    for name, default in (("objects", 100_000), ("added", 1_000), ("page", 1_000)):
        asked.add_argument(f"--{name}", type=int, default=default)
    given = asked.parse_args()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)
    rooms, client = load("conftest"), load("test_oasis_client")
    with tempfile.TemporaryDirectory() as folder:
        world = rooms.World(folder=Path(folder), clock=client.RealClock())
        world.partner()
        served = client.Served(world, Path(folder))
        try:
            sys.exit(measured(world, served, given))
        finally:
            served.close()
            world.close()


def measured(world, served, given):
    figures = {"objects": given.objects, "added": given.added, "page": given.page}
    released(world, given.objects)
    begun = time.monotonic()
    world.exchange.step()
    figures["shelved_s"] = round(time.monotonic() - begun, 2)
    reading = threading.Event()

    def add():
        reading.wait()
        for n in range(given.added):
            world.release(f"b{n}.example.com")

    adding = threading.Thread(target=add)
    adding.start()
    collection, seen = served.collection(), []
    begun = time.monotonic()
    for page in as_pages(collection.get_objects, per_request=given.page, type="indicator"):
        reading.set()
        seen += [one["id"] for one in page["objects"]]
    figures["first_read_s"] = round(time.monotonic() - begun, 2)
    adding.join()
    newest = iso(world.clock.now_us())
    begun = time.monotonic()
    again = [
        one["id"]
        for page in as_pages(collection.get_objects, per_request=given.page, type="indicator")
        for one in page["objects"]
    ]
    figures["second_read_s"] = round(time.monotonic() - begun, 2)
    begun = time.monotonic()
    nothing = collection.get_objects(added_after=newest)
    figures["nothing_new_s"] = round(time.monotonic() - begun, 3)
    figures |= {
        "read_while_adding": len(seen),
        "repeated": len(seen) - len(set(seen)),
        "lost": given.objects + given.added - len(set(seen) | set(again)),
        "read_again": len(again),
        "ledger_holds": world.exchange.ledger.verify() is None,
    }
    print(json.dumps(figures))
    missed = {one for one in set(again) - set(seen) if one.endswith("-0000-4000-8000-000000000000")}
    wrong = (
        figures["repeated"]
        or figures["lost"]
        or len(again) != len(set(again))
        or nothing
        or missed
        or not figures["ledger_holds"]
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    main()
