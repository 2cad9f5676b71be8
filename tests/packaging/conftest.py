"""What tests of packages share: an OpenPGP key of their own."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class OpenPgp:
    """A GnuPG home with one secret key in it."""

    home: Path
    fingerprint: str


def new_key(home: Path) -> OpenPgp:
    """A signing key without a passphrase, as a releaser makes one."""
    words = ("gpg", "--batch", "--quiet", "--passphrase", "")
    env = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C"}
    subprocess.run(
        [*words, "--quick-generate-key", "Repository <repository@example.org>", "ed25519", "sign", "never"],
        env=env,
        check=True,
        capture_output=True,
    )
    listing = subprocess.run(
        ["gpg", "--list-keys", "--with-colons"], env=env, check=True, capture_output=True, text=True
    ).stdout
    return OpenPgp(home, next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr")))


@pytest.fixture(scope="module")
def openpgp():
    """One key for the tests of a file; its agent ends with it."""
    home = Path(tempfile.mkdtemp(prefix="bavn-gpg-", dir="/tmp"))  # the agent's socket has a short path
    yield new_key(home)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)
