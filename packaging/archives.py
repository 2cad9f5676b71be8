"""The SHA-256 of the archive of each package that was installed, by its name, out of what pip reports: for the bill.

python packaging/archives.py REPORT... > FILE
"""

import json
import sys
from pathlib import Path

from packaging.utils import canonicalize_name


def archives(reports: list[str]) -> dict[str, str]:
    """Of all reports, in order of the names."""
    installed = [item for report in reports for item in json.loads(report)["install"]]
    told = {
        canonicalize_name(item["metadata"]["name"]): item["download_info"]["archive_info"]["hashes"]["sha256"]
        for item in installed
    }
    return dict(sorted(told.items()))


if __name__ == "__main__":
    print(json.dumps(archives([Path(name).read_text() for name in sys.argv[1:]]), indent=1))
