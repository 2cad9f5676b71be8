"""What all tests share: Hypothesis' manners on a busy machine, and where the real captures are."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines are shared and noisy: a slow draw says nothing about the code. Failures print what reproduces them.
settings.register_profile("bavn", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bavn")

ROOT = Path(__file__).resolve().parent.parent


def data_folder() -> Path | None:
    """The folder of real captures: BAVN_DATA, else ../shared/data beside the project; None where there is none."""
    named = os.environ.get("BAVN_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if (folder / "captures" / "MANIFEST.csv").is_file() else None


def _may_make_netns() -> str | None:
    """None if network namespaces can be made here, else why not."""
    if not shutil.which("ip"):
        return "the command `ip` is missing (apt-get install iproute2)"
    name = f"bavn-probe-{os.getpid()}"  # workers probe at the same time
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"no right to make network namespaces ({made.stderr.strip() or 'refused'})"
    entered = subprocess.run(["ip", "netns", "exec", name, "true"], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], check=True)
    if entered.returncode != 0:
        return f"network namespaces cannot be entered here ({entered.stderr.strip() or 'refused'})"
    return None


def pytest_collection_modifyitems(config, items) -> None:
    """Skip with a clear reason what this machine cannot run. BAVN_SKIP_NONE=1 (CI) turns such a skip into an error."""
    lacks: dict[str, str | None] = {}
    wanted = {mark.name for item in items for mark in item.iter_markers()}
    if "data" in wanted:
        lacks["data"] = None if data_folder() else "no real captures: set BAVN_DATA to the folder that holds them"
    for program in ("suricata", "unbound"):
        if program in wanted:
            found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin")
            lacks[program] = None if found else f"{program} is not installed (script/bootstrap --tests)"
    if "netns" in wanted:
        lacks["netns"] = _may_make_netns()
    must_run = os.environ.get("BAVN_SKIP_NONE") == "1"
    for item in items:
        for name, reason in lacks.items():
            if reason and item.get_closest_marker(name):
                if must_run and name != "data":
                    raise pytest.UsageError(f"{item.nodeid} would be skipped, and CI skips none: {reason}")
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real captures, for tests marked ``data``."""
    folder = data_folder()
    assert folder is not None, "a test that uses the real captures must be marked `data`"
    return folder
