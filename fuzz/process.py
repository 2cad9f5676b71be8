"""A service as it is run for real: a process of its own, its log, its memory, and whether it lives."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from fuzz.target import Broken

ROOT: Final = Path(__file__).parents[1]
READY_S: Final = 90.0
RSS_MB_MAX: Final = 1500
ANSWER_S: Final = 2.0
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def folder(name: str) -> Path:
    """A folder of its own with a short path, for sockets."""
    return Path(mkdtemp(prefix=f"bavn-fuzz-{name}-", dir="/tmp"))


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port of loopback that is free at this moment."""
    with socket.socket(socket.AF_INET, kind) as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def command(words: list[str], cwd: Path) -> str:
    """Runs a command of Bavn's to its end. Broken where it fails: the harness itself is wrong then."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.serve", *words],
        cwd=cwd,
        env=_env(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"bavn {' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout


def _env() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


class Program:
    """`bavn WORDS`, running in ``cwd``. ``said``: its first line, once it is up."""

    def __init__(self, words: list[str], cwd: Path) -> None:
        self._log = cwd / f"{words[0]}-{words[1]}.log"
        self._read = 0
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fuzz.serve", *words],
                cwd=cwd,
                env=_env(),
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=_dies_with_us,
            )
        assert self._process.stdout is not None
        ends = time.monotonic() + READY_S
        os.set_blocking(self._process.stdout.fileno(), False)
        line = b""
        while b"\n" not in line:
            if self._process.poll() is not None or time.monotonic() > ends:
                self.close()
                raise RuntimeError(
                    f"bavn {' '.join(words)} did not come up: {self._log.read_text(errors='replace')[-2000:]}"
                )
            line += self._process.stdout.read() or b""
            time.sleep(0.05)
        self.said = line.decode().partition("\n")[0]

    def check(self) -> None:
        """Lives, has no traceback in its log since the last time, and has not grown beyond all bounds. Broken."""
        tail = self._tail()
        if self._process.poll() is not None:
            raise Broken(f"the process ended with {self._process.returncode}: {_last(tail)}")
        if "Traceback (most recent call last)" in tail:
            raise Broken(f"a traceback in the log: {_last(tail)}")
        if self.rss_mb() > RSS_MB_MAX:
            raise Broken(f"more than {RSS_MB_MAX} MB of memory")

    def alive(self) -> bool:
        return self._process.poll() is None

    def rss_mb(self) -> int:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * _PAGE_BYTES >> 20
        return 0

    def _tail(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._read)
            new = log.read(4 << 20)
        self._read += len(new)
        return new.decode("utf-8", "replace")

    def close(self) -> None:
        """Ends it, in order if it will, else at once."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(15)
        if self._process.stdout:
            self._process.stdout.close()


def _last(tail: str) -> str:
    """The last line that names an exception, for the name of the place."""
    lines = [line.strip() for line in tail.splitlines() if line and not line.startswith((" ", "\t"))]
    named = [line for line in lines if "Error" in line or "Exception" in line or "Broken" in line]
    where = [line.strip() for line in tail.splitlines() if "/bavn/" in line and line.strip().startswith("File ")]
    at = where[-1].rpartition("/bavn/")[2].replace('", line', "").split(" ")[0] if where else ""
    return f"{at} {(named or lines or [''])[-1]}"[:120]


def _dies_with_us() -> None:
    """PR_SET_PDEATHSIG: a harness that is killed leaves no service behind."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Http:
    """Raw bytes to one port over TLS (or not), and the answer's status, 0 for none."""

    def __init__(self, port: int, tls: ssl.SSLContext | None, answer_s: float = ANSWER_S) -> None:
        self._port, self._tls, self._answer_s = port, tls, answer_s

    def send(self, data: bytes) -> tuple[int, bytes]:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=10) as plain:
                if self._tls is None:
                    return self._talk(plain, data)
                with self._tls.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                    return self._talk(secure, data)
        except (OSError, ssl.SSLError):
            return 0, b""

    def _talk(self, line: socket.socket, data: bytes) -> tuple[int, bytes]:
        line.settimeout(self._answer_s)
        answer = b""
        with contextlib.suppress(OSError):
            line.sendall(data)
        try:
            while piece := line.recv(65_536):
                answer += piece
                head, gap, body = answer.partition(b"\r\n\r\n")
                lengths = [row for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")]
                if gap and (
                    (lengths and len(body) >= int(lengths[0].split(b":")[1]))
                    or b" 204 " in head
                    or b" 304 " in head
                    or answer.endswith(b"0\r\n\r\n")
                ):
                    break
        except (OSError, ValueError):
            pass
        words = answer[:20].split(b" ")
        return (int(words[1]) if len(words) > 1 and words[1][:3].isdigit() else 0), answer


def request(method: str, path: str, body: bytes = b"", kind: str = "application/json", **headers: str) -> bytes:
    """An honest request. Its length is written when it is sent: what is bent in the body still arrives whole."""
    lines = {
        "Host": "127.0.0.1",
        "Connection": "close",
        **({"Content-Type": kind, "Content-Length": "@"} if method not in ("GET", "DELETE") else {}),
        **headers,
    }
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def with_length(data: bytes) -> bytes:
    """The same with the length of its body where a request leaves it open."""
    head, gap, body = data.partition(b"\r\n\r\n")
    return head.replace(b"Content-Length: @", b"Content-Length: %d" % len(body)) + gap + body


def until(look: Callable[[], bool], what: str, seconds: float) -> None:
    """Broken where it does not come about."""
    ends = time.monotonic() + seconds
    while not look():
        if time.monotonic() > ends:
            raise Broken(what)
        time.sleep(0.1)
