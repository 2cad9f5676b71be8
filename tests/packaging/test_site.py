"""The site of the documentation: every link leads somewhere, nothing comes from elsewhere, and all can read it."""

import functools
import subprocess
import threading
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from tests.app.web.pages.looking import axe_clean
from tests.conftest import ROOT


def program(name):
    spec = spec_from_file_location(f"site_{name}", ROOT / f"packaging/site/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


assemble, versions = program("assemble"), program("versions")


class Page(HTMLParser):
    """Where a page leads, what it loads, and the places in it."""

    def __init__(self, text):
        super().__init__()
        self.leads, self.loads, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.leads.append(given["href"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(given["href"])
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.loads.append(given["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "out"
    subprocess.run([ROOT / "script/site", folder], check=True, cwd=ROOT, capture_output=True, timeout=600)
    return folder


@pytest.fixture
def served(site):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.slow
def test_every_link_leads_somewhere_and_nothing_is_fetched_from_elsewhere(site) -> None:
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")}
    assert len(pages) > 80
    wrong = []
    for file, page in pages.items():
        wrong += [f"{file.name} loads {one}" for one in page.loads if urlsplit(one).netloc]
        for link in (*page.leads, *page.loads):
            path, anchor = urldefrag(link)
            if urlsplit(path).scheme or urlsplit(path).netloc or file.name == "404.html":
                continue
            there = (file.parent / unquote(path)).resolve() if path else file
            there = there / "index.html" if there.is_dir() else there
            if not there.is_file() or (anchor and there in pages and unquote(anchor) not in pages[there].places):
                wrong.append(f"{file.relative_to(site)} leads to {link}")
    assert wrong == []


@pytest.mark.slow
@pytest.mark.chromium
def test_a_browser_reads_it_in_the_light_in_the_dark_and_on_a_phone(chromium, served) -> None:
    wrong, elsewhere = [], []
    for name, theme, width in [("index", "light", 1280), ("protection", "dark", 1280), ("resume", "light", 390)]:
        page = chromium.new_page(color_scheme=theme, viewport={"width": width, "height": 844})
        page.on("request", lambda request: elsewhere.append(request.url) if served not in request.url else None)
        page.goto(f"{served}/0.1/{name}.html")
        wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
        wrong += [f"{name}: {one}" for one in (*axe_clean(page), *(["too wide"] if wide else []))]
        page.close()
    assert (wrong, elsewhere) == ([], [])


@pytest.mark.slow
@pytest.mark.chromium
def test_it_opens_with_the_newest_version_and_finds_what_is_looked_for(chromium, served) -> None:
    page = chromium.new_page()
    page.goto(f"{served}/")
    page.wait_for_url("**/0.1/index.html")
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("combobox").fill("kill switch")
    page.get_by_role("option").filter(has_text="Protection").or_(
        page.get_by_role("link").filter(has_text="kill switch")
    ).first.wait_for(state="visible")
    page.close()


def test_links_are_bent_and_each_page_stands_once_in_the_contents() -> None:
    pages = dict(assemble.site_pages())
    text = assemble.bent(ROOT / "docs/README.md", pages)
    assert "[decisions](decisions/index.md)" in text
    assert "[../ARCHITECTURE.md](project/architecture.md)" in text
    assert "(project/contributing.md#what-a-name-says)" in text
    assert "](../project/security.md" in assemble.bent(ROOT / "docs/assurance/osps.md", pages)
    fenced = "see [a](b)\n```\n[a](b)\n```\n[a](b)\n"
    assert assemble.outside_of_code(fenced, lambda part: part.replace("(b)", "(c)")) == (
        "see [a](c)\n```\n[a](b)\n```\n[a](c)\n"
    )
    listed = [line.split('"')[3] for line in assemble.nav(pages).splitlines() if line.count('"') == 4]
    assert len(listed) == len(set(listed))
    left = {place for place in pages.values() if not place.startswith("decisions/")} - set(listed)
    assert left == set(), "docs/README.md leads to every page"


def test_a_page_that_leads_nowhere_is_no_site(tmp_path, monkeypatch) -> None:
    page = ROOT / "docs/try-it.md"
    monkeypatch.setattr(type(page), "read_text", lambda *_, **__: "# A\n[gone](gone.md)")
    with pytest.raises(SystemExit, match=r"docs/try-it\.md leads to gone\.md, which is not there"):
        assemble.bent(page, dict(assemble.site_pages()))


def test_versions_stand_side_by_side_and_the_newest_is_opened(tmp_path) -> None:
    built, folder = tmp_path / "built", tmp_path / "site"
    built.mkdir()
    (built / "index.html").write_text("first")
    for version in ("0.9", "0.10", "0.2"):
        versions.put(built, folder, version)
    assert [one["version"] for one in versions.json.loads((folder / "versions.json").read_text())] == [
        "0.10",
        "0.9",
        "0.2",
    ]
    assert "0.10/index.html" in (folder / "index.html").read_text()
    (built / "index.html").write_text("second")
    versions.put(built, folder, "0.2")
    assert (folder / "0.2/index.html").read_text() == "second"
    (folder / "letters").mkdir()
    with pytest.raises(SystemExit, match="holds letters, which is no part of a site"):
        versions.put(built, folder, "0.2")
