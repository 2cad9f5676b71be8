"""The versions of the peers that are installed here, and docs/compatibility.md with them.

python -m tests.peers.versions            # what differs from the page
python -m tests.peers.versions --write    # puts them and today's date in; run it after the tests have passed
"""

import datetime as dt
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from tests.conftest import postgres_programs

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "compatibility.md"
PINS = ROOT / "requirements" / "peers"
COLUMNS = ("what", "peer", "version", "shown", "test", "day")
TESTED = re.compile("^" + "".join(rf"\| (?P<{name}>[^|]+) " for name in COLUMNS) + r"\|$", re.MULTILINE)


def rows(text: str) -> list[re.Match[str]]:
    """The rows of what is tested."""
    return [row for row in TESTED.finditer(text) if row["what"] != "what" and not row["what"].startswith("---")]


def version_of(peer: str) -> str | None:
    """The version that is installed here: of a package of Debian, PyPI or npm; None where there is none."""
    name, _, more = peer.partition(" (")
    if more == "npm)":
        locks = (json.loads(path.read_text(encoding="utf-8"))["packages"] for path in PINS.glob("*/package-lock.json"))
        return next(str(known[key]["version"]) for known in locks for key in known if key.endswith(f"/{name}"))
    if more == "PyPI)":
        pins = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PINS.glob("*.txt")))
        found = re.search(rf"^{name}==(\S+)", pins, re.MULTILINE)
        return found[1] if found else metadata.version(name)
    if name == "syslog-ng":
        (file,) = (ROOT / ".venv-peers/syslog-ng/usr/lib/syslog-ng").glob("libsyslog-ng-*.so.0")
        return file.name.removeprefix("libsyslog-ng-").removesuffix(".so.0")
    if name == "suricata-beside":
        program = ROOT / ".venv-peers/suricata-beside/bin/suricata"
        said = (
            subprocess.run([program, "-V"], capture_output=True, text=True, check=False) if program.exists() else None
        )
        return said and said.stdout.split()[-2]
    if name == "postgresql":
        programs = postgres_programs()
        return None if programs is None else programs.parent.name
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    state, _, version = done.stdout.partition(" ")
    return re.sub(r"^\d+:|[-+][^-+]*deb.*$|-\d[^-]*$", "", version) if state == "installed" else None


def main() -> None:
    text, today = PAGE.read_text(encoding="utf-8"), dt.datetime.now(dt.UTC).date().isoformat()
    for row in reversed(rows(text)):
        version = version_of(row["peer"])
        if version != row["version"]:
            print(f"{row['peer']}: the page says {row['version']}, here is {version}")
        named = [word for word in sys.argv[1:] if not word.startswith("-")]
        meant = not named or any(name in row["test"] for name in named)
        if "--write" in sys.argv and version is not None and meant:
            day = row.span("day")
            text = text[: day[0]] + today + text[day[1] :]
            at = row.span("version")
            text = text[: at[0]] + version + text[at[1] :]
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
