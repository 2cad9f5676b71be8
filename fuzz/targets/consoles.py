"""Both consoles, every route, as each role and as nobody: a real server on a real port in this process, over a real house.

Who asks is said by a header, which stands in for the session; log-on and account are asked through the real keeper.
"""

import json
import logging
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request

from bavn.app.access.book import open_book
from bavn.app.access.rights import ROLES
from bavn.app.config.console import ConsoleTable
from bavn.app.config.load import read_centre
from bavn.app.process.real import SystemClock, SystemDice
from bavn.app.web.access.keeper import Keeper, KeeperSettings
from bavn.app.web.console import Side, console_app, routes_of
from bavn.app.web.frame import Person, SessionContext
from bavn.app.web.server import ConsoleServer
from bavn.app.web.sides import areas_of, bare_app, open_nodes, people_routes
from fuzz.mutate import Mutator
from fuzz.mutate_json import JSON
from fuzz.mutate_text import HTTP, LINES
from fuzz.process import Http, command, folder, request, with_length
from fuzz.target import Broken, Run, Target
from fuzz.targets.node_run import CONFIG, free_port
from fuzz.targets.services import body

CHECK_EVERY = 60
_SKIPPED = re.compile(r"/(live|openapi\.json)$")
_QUIET = re.compile(r"^/api/v1/(logon|account|people)")


class _ByHeader:
    """An Access by which a request is of whoever its header names: a role, or the keeper's own word."""

    def __init__(self, side: Side, keeper: Keeper) -> None:
        self._side, self._keeper = side, keeper

    def person(self, request: Request) -> Person:
        """Raises Trouble(401) as the keeper does."""
        named = request.headers.get("x-fuzz-role", "")
        roles = {role for role in ROLES[self._side] if str(role.value) == named or named == "every"}
        return Person(name="Anna Berg", roles=frozenset(roles)) if roles else self._keeper.person(request)

    def facts(self, request: Request) -> SessionContext:
        return SessionContext() if request.headers.get("x-fuzz-role") else self._keeper.facts(request)


def _house(side: Side, where: Path, undo: ExitStack) -> Any:
    if side == "sac":
        from bavn.app.web.sac.context import open_context

        (where / "centre.toml").write_text('[centre]\nsector = "fuzz"\n')
        command(["centre", "init"], where)
        command(["centre", "invite", "north", "--json"], where)
        return undo.enter_context(open_context(read_centre(where / "centre.toml")))
    from bavn.actor.store.columns import ColumnStore
    from bavn.app.config.load import read_node
    from bavn.wire.book import Book
    from bavn.wire.ledger import Ledger

    ports = {name: free_port() for name in ("udp", "tcp", "netflow", "sflow", "dnstap")}
    (where / "node.toml").write_text(CONFIG.format(**ports))
    config = read_node(where / "node.toml")
    config.folder.mkdir(parents=True, exist_ok=True)
    ColumnStore.open(config.folder / "store", homes=config.node.homes).close()
    from bavn.app.node.parts import BOOK_FILE

    with Book(config.folder / BOOK_FILE) as book:
        Ledger(book)
    return undo.enter_context(open_nodes([where / "node.toml"]))


class _Heard(logging.Handler):
    """What the guard wrote down of requests that failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.errors = [record.exc_info[1]]


class Console:
    """A server in a thread, and who asks it."""

    def __init__(self, side: Side) -> None:
        self.where, self.undo, self.count = folder(f"console-{side}"), ExitStack(), 0
        self.undo.callback(shutil.rmtree, self.where, ignore_errors=True)
        house = _house(side, self.where, self.undo)
        server = ConsoleServer(
            ConsoleTable(
                listen="127.0.0.1:0",
                requests_per_minute=1_000_000,
                failures_per_minute=1_000_000,
                logons_per_minute=1_000,
            ),
            self.where,
        )
        (self.where / "people").mkdir()
        book = open_book(self.where / "people", SystemClock(), SystemDice())
        origin = f"http://localhost:{server.port}"
        made = KeeperSettings(
            origins=(origin,),
            secure=False,
            cookie="bavn",
            proxies=(),
            idle_us=3_600_000_000,
            whole_us=43_200_000_000,
            logons_per_minute=1_000_000,
            roles=ROLES[side],
        )
        keeper = Keeper(book, made)
        self.undo.callback(keeper.close)
        self.app = console_app(
            side, house, areas_of(side), _ByHeader(side, keeper), server.settings(), beside=people_routes(keeper)
        )
        self.broken: list[BaseException] = []
        self.heard = _Heard()
        logging.disable(logging.NOTSET)
        logging.getLogger().addHandler(logging.NullHandler())  # what else is logged is nobody's to read here
        guard = logging.getLogger("bavn.app.web.guard")
        guard.addHandler(self.heard)
        guard.propagate = False
        self.thread = threading.Thread(target=self._serve, args=(server,), daemon=True)
        self.thread.start()
        self.undo.callback(self.thread.join, 20)
        self.undo.callback(server.stop)
        self.http, self.host = Http(server.port, None), f"localhost:{server.port}".encode()

    def _serve(self, server: ConsoleServer) -> None:
        try:
            server.run(self.app)
        except BaseException as error:  # noqa: BLE001 - told by the next look
            self.broken.append(error)

    def sent(self, data: bytes) -> tuple[int, bytes]:
        code, answer = self.http.send(with_length(data.replace(b"@HOST@", self.host)))
        if code == 500:
            if self.heard.errors:
                raise self.heard.errors.pop()
            line = data[:200].partition(b"\r\n")[0].partition(b"?")[0].decode("latin-1")
            raise Broken(f"{code} for {' '.join(line.split(' ')[:2])[:60]}")
        return code, answer

    def honest(self) -> None:
        if self.broken or not self.thread.is_alive():
            raise Broken(f"the console ended: {self.broken}")
        code, _ = self.sent(request("GET", "/api/v1/me", Host="@HOST@", X_Fuzz_Role="every", Origin="http://@HOST@"))
        if code != 200:
            raise Broken(f"the next honest request is answered {code}, not 200")

    def close(self) -> None:
        self.undo.close()


def example(schema: dict[str, Any], parts: dict[str, Any], depth: int = 0) -> Any:
    """An honest value of a JSON schema, as small as one can be."""
    if "$ref" in schema:
        return example(parts.get(schema["$ref"].rpartition("/")[2], {}), parts, depth + 1) if depth < 12 else None
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example(schema[key][0], parts, depth + 1)
    match schema.get("type"):
        case "object":
            return {name: example(given, parts, depth + 1) for name, given in schema.get("properties", {}).items()}
        case "array":
            return [example(schema.get("items", {}), parts, depth + 1)] * max(1, schema.get("minItems", 1))
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case "null":
            return None
    return "x" * max(4, schema.get("minLength", 4)) if "pattern" not in schema else "north"


def seeds(side: Side) -> list[bytes]:
    """A request for each route: with everybody's rights, and for some as nobody."""
    app: FastAPI = bare_app(side)
    document = app.openapi()
    parts = document.get("components", {}).get("schemas", {})
    made = []
    for method, path, operation in _operations(document):
        if _SKIPPED.search(path):
            continue
        query = "&".join(
            f"{one['name']}={_word(one, parts)}" for one in operation.get("parameters", []) if one["in"] == "query"
        )
        filled = re.sub(
            r"\{([^}]*)\}", lambda found: "north" if found[1] in ("actor", "node", "name") else "1", path
        ) + (f"?{query}" if query else "")
        content = operation.get("requestBody", {}).get("content", {})
        given = (
            json.dumps(example(content["application/json"]["schema"], parts)).encode()
            if "application/json" in content
            else b""
        )
        role = {} if _QUIET.match(path) else {"X_Fuzz_Role": "every"}
        made.append(request(method, filled, given, Host="@HOST@", Origin="http://@HOST@", **role))
    return made


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _word(parameter: dict[str, Any], parts: dict[str, Any]) -> str:
    found = example(parameter.get("schema", {}), parts)
    found = found[0] if isinstance(found, list) and found else found
    return str(found if found is not None else "1")


def roles(side: Side) -> Mutator:
    """Another who asks."""

    def change(dice, data):
        name = dice.choice([*(str(role.value) for role in sorted(ROLES[side])), "every", "", "nobody"])
        return re.sub(rb"X-Fuzz-Role: [^\r]*", b"X-Fuzz-Role: " + name.encode(), data, count=1)

    return change


def path_piece(dice, data: bytes) -> bytes:
    """Something else where an id or a query stood."""
    line, gap, rest = data.partition(b"\r\n")
    words = line.split(b" ")
    if len(words) < 3:
        return data
    way, mark, query = words[1].partition(b"?")
    steps = way.split(b"/")
    odd = dice.choice(
        (
            b"%00",
            b"%ff",
            b"%ed%a0%80",
            b"%F0%9F%92%A9",
            b"-1",
            b"0",
            b"9" * 30,
            b"9223372036854775808",
            b"..",
            b"%2e%2e%2f",
            b"'",
            b"%27%20OR%201=1",
            b"case-00000000000000aa",
            b"1e400",
            b"nan",
            b"a" * 3000,
            b"",
            b"null",
            b"*",
            b"%0d%0aX:y",
            b"2026-02-30",
            b"9999-12-31T23:59:59Z",
            b"north",
        )
    )
    if query and dice.random() < 0.6:
        pairs = query.split(b"&")
        at = dice.randrange(len(pairs))
        pairs[at] = pairs[at].partition(b"=")[0] + b"=" + odd
        query = b"&".join(pairs * dice.choice((1, 1, 2)))
    else:
        steps[-dice.randrange(1, min(3, len(steps) + 1))] = odd
    words[1] = b"/".join(steps) + mark + query
    return b" ".join(words) + gap + rest


def _make(side: Side) -> Run:
    console = Console(side)

    class Asked:
        """Callable, with an end."""

        def __call__(self, data: bytes) -> None:
            console.count += 1
            console.sent(data)
            if console.count % CHECK_EVERY == 0:
                console.honest()

        def close(self) -> None:
            console.close()

    return Asked()


def routes(side: Side) -> tuple[str, ...]:
    """Every route of a console, as it must be covered."""
    return tuple(sorted({f"{one.method} {one.path}" for one in routes_of(bare_app(side))}))


def _forms(side: Side) -> tuple[Mutator, ...]:
    return (
        *(body(one) for one in JSON),
        *(path_piece,) * 4,
        roles(side),
        *HTTP,
        body(LINES[0]),
    )


TARGETS = (
    Target(
        name="process-console-centre",
        covers=(
            "routes:console sac",
            "module:bavn.app.access.passkeys",
            "module:bavn.app.access.accounts",
            "module:bavn.app.web.frame",
            "module:bavn.app.web.guard",
        ),
        forms=_forms("sac"),
        seeds=partial(seeds, "sac"),
        make=partial(_make, "sac"),
        slow=True,
        input_s_max=5.0,
    ),
    Target(
        name="process-console-node",
        covers=("routes:console soc",),
        forms=_forms("soc"),
        seeds=partial(seeds, "soc"),
        make=partial(_make, "soc"),
        slow=True,
        input_s_max=5.0,
    ),
)
