"""Services as they run: centre with its exchange, key holder. Each input is one request as bytes, from a member, from a
partner or from nobody; now and then an honest one must be answered as it should be."""

import json
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path
from random import Random

from bavn.app.process.real import SystemDice
from bavn.wire import frames
from bavn.wire.codec import UP_KINDS
from bavn.wire.links.enrolment import enrol
from bavn.wire.links.https import LinkLimits, context
from bavn.wire.partners.taxii import TAXII
from bavn.wire.safe import Safe
from fuzz.mutate import Mutator
from fuzz.mutate_json import JSON
from fuzz.mutate_text import HTTP
from fuzz.process import Http, Program, command, folder, request, with_length
from fuzz.stands import signed
from fuzz.target import Broken, Run, Target
from fuzz.targets.outside import indicator
from fuzz.targets.wire import message

CHECK_EVERY = 40
_MEMBER, _STRANGER, _PARTNER = b"\0", b"\1", b"\2"


def body(inner: Mutator) -> Mutator:
    """The body of a request is bent, and its length goes with it."""

    def change(dice: Random, data: bytes) -> bytes:
        head, gap, rest = data.partition(b"\r\n\r\n")
        first, mark, last = rest.partition(b"\n") if b"?seal" in head else (b"", b"", rest)
        return head + gap + first + mark + inner(dice, last)

    return change


FORMS = (*(body(one) for one in JSON), *HTTP, *(body(one) for one in JSON))


class _Service:
    """A program, and what asks it. ``honest``: asked now and then; it must be answered so."""

    def __init__(self, where: Path, words: list[str]) -> None:
        self.where, self._words = where, words
        self.program = Program(words, where)
        self.count = 0

    def status(self, code: int, data: bytes) -> None:
        if code >= 500:
            line = data[1:200].partition(b"\r\n")[0].split(b"?")[0].decode("latin-1")
            self.program.check()
            raise Broken(f"{code} for {' '.join(line.split(' ')[:2])[:60]}")

    def again(self) -> None:
        self.program.close()
        self.program = Program(self._words, self.where)
        self.opened()

    def opened(self) -> None:
        """The ports are others after a restart."""

    def close(self) -> None:
        self.program.close()
        shutil.rmtree(self.where, ignore_errors=True)


class Centre(_Service):
    """Members, the exchange, and who asks."""

    def __init__(self) -> None:
        where = folder("centre")
        (where / "centre.toml").write_text(
            '[place]\nport = 0\n[centre]\nsector = "fuzz"\n[exchange]\nlisten = "127.0.0.1:0"\nrequests_per_minute = 1000000\nfailures_per_minute = 1000000\n'
        )
        command(["centre", "init"], where)
        given = json.loads(command(["centre", "invite", "north", "--json"], where))
        command(
            [
                "centre",
                "partner",
                "add",
                "cert-nord",
                "--kind",
                "national",
                "--out-collections",
                "released",
                "--in-trust",
                "50",
                "--by",
                "Anna Berg",
            ],
            where,
        )
        self.secret = json.loads(
            command(["centre", "partner", "key", "cert-nord", "basic", "--by", "Anna Berg", "--json"], where)
        )["secret"]
        super().__init__(where, ["centre", "run"])
        self.safe = Safe(where / "member")
        self.seq = 0
        ports = json.loads(self.program.said)
        enrol(
            f"https://127.0.0.1:{_port(ports)}",
            given["pin"],
            "north",
            given["token"],
            self.safe,
            SystemDice(),
            LinkLimits(request_s=20.0, pull_s=20.0),
        )
        self.opened()

    def opened(self) -> None:
        ports = json.loads(self.program.said)
        authority = self.safe.authority.read_text()
        member = context(authority, self.safe.certificate, self.safe.tls_key)
        stranger = ssl.create_default_context(cadata=authority)
        self.doors = {
            _MEMBER: Http(_port(ports), member),
            _STRANGER: Http(_port(ports), stranger),
            _PARTNER: Http(ports["exchange_port"], stranger),
        }

    def sent(self, data: bytes) -> int:
        door = self.doors.get(data[:1], self.doors[_MEMBER])
        raw = data[1:]
        head, gap, given = raw.partition(b"\r\n\r\n")
        if b"?seal" in head:
            self.seq += 1
            sealed = signed(self.safe.keys().message, "north", "centre", self.seq, given)
            raw = head.replace(b"?seal", b"") + gap + frames.join([sealed] if sealed else [])
        code, _ = door.send(with_length(raw))
        self.status(code, data)
        return code

    def honest(self) -> None:
        self.program.check()
        for what, code in (
            (_MEMBER + request("GET", "/healthz"), 200),
            (_MEMBER + request("POST", "/v1/messages?seal", message("Health"), frames.CONTENT_TYPE), 200),
            (_STRANGER + request("GET", "/v1/enrol"), 200),
            (_PARTNER + taxii(self.secret, "GET", "/taxii2/"), 200),
        ):
            got = self.sent(what)
            if got != code:
                self.program.check()
                raise Broken(f"the next honest request is answered {got}, not {code}")
        self.program.check()


def _port(ports: dict[str, int]) -> int:
    return ports.get("port") or ports["centre_port"]


def taxii(secret: str, method: str, path: str, given: bytes = b"") -> bytes:
    import base64

    token = base64.b64encode(f"cert-nord:{secret}".encode()).decode()
    return request(method, path, given, TAXII, Accept=TAXII, Authorization=f"Basic {token}")


def _fuzzed(build: Callable[[], "Centre | Holder"]) -> Callable[[], Run]:
    def make() -> Run:
        service = build()

        class Asked:
            """Callable, with what the harness may ask beside."""

            def __call__(self, data: bytes) -> None:
                service.count += 1
                try:
                    service.sent(data.replace(b"@SECRET@", _basic(service)))
                    if service.count % CHECK_EVERY == 0:
                        service.honest()
                except BaseException:
                    if not service.program.alive() or service.count % CHECK_EVERY == 0:
                        service.again()
                    raise

            def close(self) -> None:
                service.close()

        return Asked()

    return make


def _basic(service: "Centre | Holder") -> bytes:
    import base64

    return base64.b64encode(f"cert-nord:{getattr(service, 'secret', '')}".encode())


def centre_seeds() -> list[bytes]:
    one = b"\xff"
    posts = [_MEMBER + request("POST", "/v1/messages?seal", message(kind), frames.CONTENT_TYPE) for kind in UP_KINDS]
    raw = [
        _MEMBER + request("POST", "/v1/messages", frames.join([given]), frames.CONTENT_TYPE)
        for given in (b'{"\\ud800":1}', message("Health"), one)
    ]
    rest = [
        _MEMBER + request("GET", "/v1/messages?after=0&wait_s=0"),
        _MEMBER + request("GET", "/healthz"),
        _STRANGER + request("GET", "/v1/enrol"),
        _STRANGER
        + request(
            "POST",
            "/v1/enrol",
            b'{"actor":"north","csr":"x","message_key":"'
            + b"a" * 64
            + b'","proof":"'
            + b"b" * 128
            + b'","token":"'
            + b"t" * 43
            + b'"}',
        ),
        _MEMBER
        + request(
            "POST",
            "/v1/renew",
            b'{"csr":"-----BEGIN CERTIFICATE REQUEST-----\\nAA==\\n-----END CERTIFICATE REQUEST-----\\n"}',
        ),
        _STRANGER + request("POST", "/v1/enrol", b'{"\\ud800":1}'),
    ]
    return [*posts, *raw, *rest, *taxii_seeds()]


def taxii_seeds() -> list[bytes]:
    def asked(method: str, path: str, given: bytes = b"") -> bytes:
        return _PARTNER + request(method, path, given, TAXII, Accept=TAXII, Authorization="Basic @SECRET@")

    root = "/fuzz/"
    paths = [
        f"{root}collections/",
        *(
            f"{root}collections/{name}/{more}"
            for name in ("released", "proposals")
            for more in (
                "",
                "manifest/",
                "objects/",
                "objects/?limit=1&added_after=2026-01-01T00:00:00Z&match[type]=indicator&match[version]=all&next=5",
                "objects/indicator--00000000-0000-4000-8000-000000000001/",
                "objects/indicator--00000000-0000-4000-8000-000000000001/versions/",
            )
        ),
    ]
    envelope = json.dumps({"objects": [indicator()]}).encode()
    return [
        asked("GET", "/taxii2/"),
        asked("GET", root),
        asked("GET", f"{root}status/00000000-0000-4000-8000-000000000001/"),
        *(asked("GET", path) for path in paths),
        asked("POST", f"{root}collections/proposals/objects/", envelope),
        asked("POST", f"{root}collections/proposals/objects/", envelope),
        asked("DELETE", f"{root}collections/proposals/objects/indicator--00000000-0000-4000-8000-000000000001/"),
    ]


class Holder(_Service):
    """A key holder and a member of it."""

    def __init__(self) -> None:
        where = folder("keyholder")
        (where / "keyholder.toml").write_text("[place]\nport = 0\n")
        command(["keyholder", "init"], where)
        given = json.loads(command(["keyholder", "invite", "north", "--json"], where))
        super().__init__(where, ["keyholder", "run"])
        self.safe = Safe(where / "member")
        port = _port(json.loads(self.program.said))
        enrol(
            f"https://127.0.0.1:{port}",
            given["pin"],
            "north",
            given["token"],
            self.safe,
            SystemDice(),
            LinkLimits(request_s=20.0, pull_s=20.0),
        )
        self.opened()

    def opened(self) -> None:
        port = _port(json.loads(self.program.said))
        authority = self.safe.authority.read_text()
        self.doors = {
            _MEMBER: Http(port, context(authority, self.safe.certificate, self.safe.tls_key)),
            _STRANGER: Http(port, ssl.create_default_context(cadata=authority)),
        }

    def sent(self, data: bytes) -> int:
        code, _ = self.doors.get(data[:1], self.doors[_MEMBER]).send(with_length(data[1:]))
        self.status(code, data)
        return code

    def honest(self) -> None:
        self.program.check()
        for what in (_MEMBER + request("GET", "/healthz"), _STRANGER + request("GET", "/v1/enrol")):
            if (got := self.sent(what)) != 200:
                raise Broken(f"the next honest request is answered {got}, not 200")
        self.program.check()


def holder_seeds() -> list[bytes]:
    return [
        _MEMBER + request("GET", "/healthz"),
        _STRANGER + request("GET", "/v1/enrol"),
        _STRANGER + request("POST", "/v1/enrol", b'{"\\ud800":1}'),
        _MEMBER + request("POST", "/v1/renew", b'{"csr":"x"}'),
        _MEMBER + request("POST", "/v1/part", b'{"\\ud800":1}'),
        *(
            _MEMBER + request("POST", f"/v1/{path}", message(kind).partition(b"\n")[2])
            for path, kind in (("part", "PartAsked"), ("keys", "KeysAsked"), ("posts", "PostsAsked"))
        ),
    ]


TARGETS = (
    Target(
        name="process-centre",
        covers=(
            "routes:centre",
            "routes:taxii",
            "module:bavn.app.centre.service",
            "module:bavn.app.net.member_service",
            "module:bavn.app.centre.exchange.taxii_service",
        ),
        forms=FORMS,
        seeds=centre_seeds,
        make=_fuzzed(Centre),
        slow=True,
        input_s_max=5.0,
    ),
    Target(
        name="process-keyholder",
        covers=("routes:keyholder",),
        forms=FORMS,
        seeds=holder_seeds,
        make=_fuzzed(Holder),
        slow=True,
        input_s_max=5.0,
    ),
)
