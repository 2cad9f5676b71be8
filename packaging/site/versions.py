"""Puts a built site beside those of other versions, and opens with the newest.

    python packaging/site/versions.py BUILT FOLDER

FOLDER becomes: a folder for each version (0.1, 0.2), ``versions.json`` from which every page offers the others (the
layout of `mike`, which the site's theme reads), and an ``index.html`` that leads to the newest.
"""

import json
import re
import shutil
import sys
from pathlib import Path

from bavn import __version__

VERSION = re.compile(r"\d+\.\d+")
FRONT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Bavn</title>
<meta http-equiv="refresh" content="0; url={newest}/index.html">
<p><a href="{newest}/index.html">Bavn {newest}</a></p>
</html>
"""


def put(built: Path, folder: Path, version: str) -> None:
    """Replaces what was there of the same version. Raises SystemExit where the folder holds what is no site."""
    folder.mkdir(parents=True, exist_ok=True)
    foreign = [
        one.name
        for one in folder.iterdir()
        if not (VERSION.fullmatch(one.name) or one.name in {"index.html", "versions.json"})
    ]
    if foreign:
        raise SystemExit(f"{folder} holds {min(foreign)}, which is no part of a site: name a folder of its own")
    shutil.rmtree(folder / version, ignore_errors=True)
    shutil.copytree(built, folder / version)
    known = [one.name for one in folder.iterdir() if VERSION.fullmatch(one.name)]
    known.sort(key=lambda name: tuple(map(int, name.split("."))), reverse=True)
    listed = [{"version": name, "title": name, "aliases": []} for name in known]
    listed[0]["aliases"] = ["latest"]
    (folder / "versions.json").write_text(json.dumps(listed), encoding="utf-8")
    (folder / "index.html").write_text(FRONT.format(newest=known[0]), encoding="utf-8")


if __name__ == "__main__":
    put(Path(sys.argv[1]), Path(sys.argv[2]), ".".join(__version__.split(".")[:2]))
