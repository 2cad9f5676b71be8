"""What all tests share: Hypothesis' manners on a busy machine, and where the real captures are."""

import gc
import itertools
import os
import re
import runpy
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, settings

from bavn.actor.store.intake import ARROW
from bavn.model.record import TABLES, address_uuid
from bavn_lab.data import real_data

# Machines are shared and noisy: a slow draw says nothing about the code. Failures print what reproduces them.
# What judges a change must not depend on luck: there the same examples are tried each time. At hand they are new ones.
settings.register_profile(
    "bavn",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI") or os.environ.get("BAVN_SKIP_NONE")),
)
settings.register_profile("planted", settings.get_profile("bavn"), phases=[Phase.explicit, Phase.reuse, Phase.generate])
settings.load_profile("planted" if os.environ.get("BAVN_PLANTED") else "bavn")  # which example fails is no matter there

# script/check tries a fifth of each test's examples, other ones each time; script/test, script/plant and pytest by hand
# try all of them.
FEW = os.environ.get("BAVN_EXAMPLES") == "few"
FEW_PART, FEW_MIN = 5, 5

ROOT = Path(__file__).resolve().parent.parent
runpy.run_path(str(ROOT / "build_words.py"), run_name="__main__")  # the catalogues, as a build compiles them


MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 4 << 30
IN_MEMORY = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN
if IN_MEMORY:
    # Books and databases wait for the disk at each commit: hours of a disk a day that no test says anything about. What
    # kill -9 leaves is the same in memory; a power cut is no test's business.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def data_folder() -> Path | None:
    """The folder of real data, by the product's own rule; None where there is none."""
    data = real_data()
    return None if data is None else data.folder


@pytest.fixture(autouse=True)
def files_others_may_read():
    """A command run in a test's own process (main.main()) may set the umask; the next test must not inherit it."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


BROWSER = "chromium-headless-shell"
"""Debian's Chromium without windows: the same engine and the same virtual authenticator, at less of a processor."""
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


@pytest.fixture(scope="module")
def chromium():
    """The browser, one for all tests of a file: Playwright keeps an event loop running until it ends, and no other test
    of that process could begin one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(BROWSER), args=[*CHROMIUM])
        yield browser
        browser.close()


PROGRAMS = {
    **{
        name: name
        for name in (
            "suricata",
            "unbound",
            "dnsmasq",
            "named",
            "squid",
            "promtool",
            "kresd",
            "knotd",
            "pmacctd",
            "fprobe",
            "softflowd",
            "prometheus",
            "dnsdist",
            "rsyslogd",
            "lognormalizer",
            "gpg",
            "mmdebstrap",
            "buildah",
            "podman",
            "runc",
        )
    },
    "chromium": BROWSER,
    "pdns_recursor": "pdns_recursor",
    "opensmtpd": "smtpd",
    "syslog_ng": "syslog-ng",
    "node_exporter": "prometheus-node-exporter",
    "faketime": "faketime",
    "suricata_beside": "suricata-beside",
    "apt": "apt-ftparchive",
    "podman_compose": "podman-compose",
}
"""Markers, and the program without which such a test cannot run."""


DEBIANS_PYTHON = "/usr/bin/python3"
"""Libraries that Debian packs for Python are its own Python's: the environment here does not see them."""


DEBIANS_LIBRARIES = {"pyoprf": ("pyoprf", "python3-pyoprf")}
"""Markers, and the module and package without which such a test cannot run."""


def lacks_library(marker: str) -> str | None:
    """None if Debian's Python has what tests of this marker import, else why they are skipped."""
    module, package = DEBIANS_LIBRARIES[marker]
    words = [DEBIANS_PYTHON, "-c", f"import {module}"]
    has = shutil.which(DEBIANS_PYTHON) and subprocess.run(words, capture_output=True, check=False).returncode == 0
    return None if has else f"{package} is not installed (script/bootstrap --tests)"


def find_program(name: str) -> str | None:
    """Where a program is: on the way, in Debian's folders of servers, or unpacked by script/bootstrap --tests."""
    beside = ROOT / ".venv-peers" / name / "usr/sbin"
    return shutil.which(name) or shutil.which(name, path=f"/usr/sbin:/usr/bin:{beside}")


SURICATA_BESIDE = ROOT / ".venv-peers/suricata-beside"
RELEASES = ["here", pytest.param("beside", marks=pytest.mark.suricata_beside)]
"""Of Suricata: the one that is installed, and the other one that Debian has."""


@pytest.fixture
def each_suricata(request, monkeypatch):
    """The program ``suricata`` is the one of RELEASES that is asked for."""
    if request.param == "beside":
        monkeypatch.setenv("PATH", f"{SURICATA_BESIDE / 'bin'}:{os.environ['PATH']}")


def on_each_suricata(test):
    """The test is run with each."""
    each = pytest.mark.parametrize("each_suricata", RELEASES, indirect=True)
    return pytest.mark.usefixtures("each_suricata")(each(test))


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


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs, the newest where there are several; None where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: float(found.parent.name))
    beside = shutil.which("initdb")
    found = [*([Path(beside).resolve().parent] if beside else []), *folders]
    return next((folder for folder in reversed(found) if (folder / "initdb").exists()), None)


class Cluster:
    """A PostgreSQL of one's own: an unprivileged user, a unix socket in a folder of its own, no port. In memory and
    without fsync unless asked for (what kill -9 of its processes leaves is the same)."""

    def __init__(self, durable=False):
        self.programs = postgres_programs()
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        place = "/tmp" if durable or not IN_MEMORY else str(MEMORY)
        self.folder = Path(tempfile.mkdtemp(prefix="bavn-pg-", dir=place))  # a socket's path is short
        self.data = self.folder / "data"
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.numbers = itertools.count(1)
        self.durable = durable
        self.process = None
        # As the product asks of a database: byte order, UTF-8.
        self.run("initdb", "-D", str(self.data), "-A", "trust", "-U", "bavn", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def run(self, program, *words):
        done = subprocess.run(
            [str(self.programs / program), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            **self.user,
        )
        assert done.returncode == 0, (program, words, done.stdout, done.stderr)
        return done.stdout

    def start(self):
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "60",
            "fsync": "on" if self.durable else "off",
            "shared_buffers": "16MB",
            "autovacuum": "off",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.data), *words],
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                **self.user,
            )
        self.wait_ready()

    def wait_ready(self):
        import psycopg

        for _ in range(600):
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            try:
                psycopg.connect(host=str(self.folder), user="bavn", dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("PostgreSQL did not come up: " + (self.folder / "log").read_text()[-2000:])

    def kill(self):
        """kill -9 of the postmaster: its children see that it is gone and end. They are waited for: the next postmaster
        does not begin beside them."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        ends = time.monotonic() + 30
        while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < ends:
            time.sleep(0.02)

    def url(self, database):
        return f"postgresql://bavn@/{database}?host={self.folder}"

    def execute(self, statement, database="postgres"):
        import psycopg

        with psycopg.connect(host=str(self.folder), user="bavn", dbname=database, autocommit=True) as connection:
            connection.execute(statement)

    def make(self, template="template1"):
        """A new database; its name. As a copy of ``template``."""
        name = f"t{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name):
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            self.process.wait(60)
        shutil.rmtree(self.folder)


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL for the whole run (of one worker), for tests marked ``postgresql``."""
    cluster = Cluster()
    yield cluster
    cluster.end()


@pytest.fixture
def durable_postgres():
    """A PostgreSQL that writes to the disk and that this test may kill."""
    cluster = Cluster(durable=True)
    yield cluster
    cluster.end()


@pytest.fixture
def next_revision(monkeypatch, tmp_path_factory):
    """As if this Bavn had one revision more, which changes a table and makes another; its number."""
    from bavn.centre.store import schema

    number = f"{int(schema.head()) + 1:04}"
    folder = tmp_path_factory.mktemp("revisions") / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"r{number}_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = {number!r}\ndown_revision = {schema.head()!r}\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('member_actor') as table:\n"
        "        table.add_column(sa.Column('more', sa.String(8), nullable=True))\n"
        "    op.create_table('more', sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    schema.revisions.cache_clear()
    yield number
    schema.revisions.cache_clear()


ALL_SLOW = re.compile(r"^pytestmark = [^\n]*\bpytest\.mark\.slow\b", re.MULTILINE)


@cache
def says_slow(conftest: Path) -> bool:
    """Whether what the tests of a folder share marks some of them as slow."""
    return conftest.is_file() and "mark.slow" in conftest.read_text("utf-8")


def pytest_ignore_collect(collection_path, config) -> bool | None:
    """A file whose tests are all slow is not even read where only quick ones are asked for, nor one of which none is
    where only slow ones are: a marker is written in the file or in the conftest.py of a folder above it."""
    asked = {*config.getoption("-m").split(" and ")}
    if collection_path.suffix != ".py" or not {"slow", "not slow"} & asked:
        return None
    text = collection_path.read_text("utf-8")
    if "not slow" in asked:
        return True if ALL_SLOW.search(text) else None
    above = [folder for folder in collection_path.parents if (ROOT / "tests") in folder.parents]
    return None if "mark.slow" in text or any(says_slow(folder / "conftest.py") for folder in above) else True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With --dist loadfile, as script/test has it. xdist's own would lose tests that have the same name."""
    if config.getoption("dist") == "loadfile":
        from tests.handing_out import ByFile

        return ByFile(config, log)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is read while collecting stays until the end: it is not looked over for waste, then nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def few_examples(wanted: settings) -> settings:
    """The same with a fifth of the examples."""
    few = max(wanted.max_examples // FEW_PART, min(wanted.max_examples, FEW_MIN))
    return settings(wanted, max_examples=few)


def take_few_examples(items) -> None:
    """In place of what each property asks for, once for all the items that are made of it. A state machine asks through
    its class, for few already."""
    tests = {getattr(item.obj, "__func__", item.obj) for item in items if hasattr(item, "obj")}
    for test in tests:
        wanted = getattr(test, "_hypothesis_internal_use_settings", None)
        if wanted is not None:
            test._hypothesis_internal_use_settings = few_examples(wanted)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items) -> None:
    """Skip with a clear reason what this machine cannot run. BAVN_SKIP_NONE=1 (CI) turns such a skip into an error.
    What drives a browser comes last, in a file too: see ``chromium``."""
    if "world" not in config.getoption("-m"):  # what takes hours is asked for by its marker alone (script/test --world)
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("world")])
        items[:] = [item for item in items if not item.get_closest_marker("world")]
    items.sort(key=lambda item: item.get_closest_marker("chromium") is not None)
    if FEW:
        take_few_examples(items)
    lacks: dict[str, str | None] = {}
    wanted = {mark.name for item in items for mark in item.iter_markers()}
    if "data" in wanted:
        lacks["data"] = None if data_folder() else "no real captures: set BAVN_DATA to the folder that holds them"
    for program in wanted & PROGRAMS.keys():
        found = find_program(PROGRAMS[program])
        lacks[program] = None if found else f"{PROGRAMS[program]} is not installed (script/bootstrap --tests)"
    if "postgresql" in wanted:
        found = postgres_programs()
        lacks["postgresql"] = None if found else "postgresql is not installed (script/bootstrap --tests)"
    for marker in wanted & DEBIANS_LIBRARIES.keys():
        lacks[marker] = lacks_library(marker)
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


DEFAULTS = {
    "sensor": "s",
    "src": "10.0.0.1",
    "dst": "192.0.2.1",
    "src_port": 40000,
    "dst_port": 443,
    "proto": "tcp",
    "flow_id": 0,
    "community_id": "1:x",
}
COUNTS = ("bytes_toserver", "bytes_toclient", "pkts_toserver", "pkts_toclient")


@cache
def stored_bytes(address: str) -> bytes:
    """An address as it is stored; few are met in many rows."""
    return address_uuid(address).bytes


def table_of(name: str, dicts: list[dict]) -> pa.Table:
    """Rows as a source gives them: what a dict leaves out is NULL or has a usual value."""
    columns = []
    for column in TABLES[name]:
        values = [{**DEFAULTS, **dict.fromkeys(COUNTS, 1), **row}.get(column.name) for row in dicts]
        if column.type == "UUID":
            values = [None if value is None else stored_bytes(value) for value in values]
        columns.append(pa.array(values, ARROW[column.type]))
    return pa.table(columns, names=[column.name for column in TABLES[name]])


@pytest.fixture(scope="session")
def rows():
    """Makes a table of records from dicts."""
    return table_of
