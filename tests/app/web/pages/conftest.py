"""A real Chromium over the built consoles: ``sac_page`` and ``soc_page`` give a page signed in with roles."""

import fcntl
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.app.web.pages.looking import ROOT, SETTLE_MS, Watched, settled
from tests.app.web.pages.served import built, parts, sac, soc

expect.set_options(timeout=SETTLE_MS)  # its own five seconds were too few beside other tests
BUILD = "import pathlib, hatch_build as h; here = pathlib.Path(); h.stale(here) and h.build(here)"
SAC_ROLES = "analyst.approver.publisher.auditor.admin"
SOC_ROLES = "soc.operator"
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@contextmanager
def one_at_a_time():
    """Several test processes share this checkout: only one of them builds in it at a time."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build/tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def pages_built():
    """The pages as they are now: built if their sources are newer."""
    with one_at_a_time():
        done = subprocess.run([sys.executable, "-c", BUILD], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert built()


@pytest.fixture(scope="session")
def new_sac(pages_built, drawn_once):
    """``new_sac(folder)`` serves a SAC's console of a test's own, over a copy of the drawn sector."""
    return partial(sac, like=drawn_once)


@pytest.fixture(scope="session")
def new_soc(pages_built):
    """``new_soc(folder)`` serves a SOC's console of a test's own, over nodes drawn now: one that was drawn some minutes
    ago is silent, and no tick of its own makes it younger."""
    return soc


@pytest.fixture(scope="session")
def sac_served(new_sac, tmp_path_factory):
    """The SAC's console over the drawn sector, one for the whole run: a test that changes it serves its own."""
    with new_sac(tmp_path_factory.mktemp("sac")) as served:
        yield served


@pytest.fixture(scope="session")
def soc_served(new_soc, tmp_path_factory):
    """The SOC's console over the drawn nodes north and south, one for the whole run."""
    with new_soc(tmp_path_factory.mktemp("soc")) as served:
        yield served


@pytest.fixture(scope="session")
def parts_served(pages_built, tmp_path_factory):
    """The page of all parts, in a folder of this process's own: a console reads its pages once, as it starts, and must
    not meet a folder that another process is just emptying."""
    pages = tmp_path_factory.mktemp("pages")
    with one_at_a_time():
        if not (ROOT / "console/node_modules").is_dir():
            subprocess.run([ROOT / "script/npm", "ci", "--ignore-scripts"], cwd=ROOT, check=True)
        build = [ROOT / "script/npm", "run", "parts", "--", "--outDir", pages, "--emptyOutDir"]
        done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with parts(pages, tmp_path_factory.mktemp("parts")) as served:
        yield served


@pytest.fixture
def parts_page(opened, parts_served):
    """A page of all parts, loaded."""

    def open_page(path="/account", **more):
        page = opened(parts_served, SAC_ROLES, **more)
        page.goto(path)
        settled(page)
        return page

    return open_page


@pytest.fixture
def opened(chromium):
    """Opens a page: ``opened(served, roles, lang=, theme=, size=)``; closed with the test. No roles: signed out."""
    contexts = []

    def open_page(served, roles, *, actors=None, lang="en", theme="light", size="desk", zone="Europe/Copenhagen"):
        context = chromium.new_context(
            viewport=SIZES[size],
            color_scheme=theme,
            locale="da-DK" if lang == "da" else "en-GB",
            timezone_id=zone,
            base_url=served.address,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if roles:
            context.add_cookies([served.cookie(roles, actors)])
        page = context.new_page()
        page.set_default_timeout(SETTLE_MS)
        page.watched = Watched(page, served.address)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def sac_page(opened, sac_served):
    """``sac_page("analyst", lang="da")``: a page on the SAC's console; go with ``page.goto("/leads")``."""
    return lambda roles=SAC_ROLES, **more: opened(sac_served, roles, **more)


@pytest.fixture
def soc_page(opened, soc_served):
    """``soc_page("soc")``: a page on the SOC's console over north and south."""
    return lambda roles=SOC_ROLES, **more: opened(soc_served, roles, **more)
