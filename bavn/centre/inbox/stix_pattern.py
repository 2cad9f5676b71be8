"""A STIX pattern as the observables of which any one is enough: the part of the language that a block can rest on.

What must be met together (AND, FOLLOWEDBY, qualifiers) or only resembles something (LIKE, MATCHES, ranges) is refused:
to take one half of it would block what nobody named. Source: STIX 2.1, part 9. Pure and linear in the text.
"""

import re
from collections.abc import Iterator
from typing import Final

from bavn.model.intel.spelled import is_below_host, spelled
from bavn.model.observable import Observable
from bavn.model.outcome import Refused

PATTERN_CHARS_MAX: Final = 20_000
OBSERVABLES_MAX: Final = 500

_TOKEN = re.compile(
    r"""
    \s* (?:
        (?P<text> '(?:[^'\\]++|\\.)*+' )                                                    # 'a text'
        | (?P<sign> != | <= | >= | [=<>()\[\],] )                                           # a sign
        | (?P<path> [A-Za-z][\w-]*:[\w.\-\[\]*]* (?: '(?:[^'\\]++|\\.)*+' [\w.\-\[\]*]* )* )   # file:hashes.'SHA-256'
        | (?P<word> [A-Za-z0-9.+-]+ )                                                       # AND, a number
    )
    """,
    re.DOTALL | re.VERBOSE,
)
_TLS: Final = "network-traffic:extensions.'x-bavn-tls-ext'."
PATHS: Final[dict[str, str]] = {
    "ipv4-addr:value": "ip",
    "ipv6-addr:value": "ip",
    "domain-name:value": "domain",
    "url:value": "url",
    "network-traffic:dst_ref.value": "",
    "network-traffic:src_ref.value": "",
    "hostname:value": "domain",
    "x509-certificate:hashes.'sha-1'": "cert",
    "x509-certificate:hashes.'sha-256'": "cert",
    "x509-certificate:hashes.sha1": "cert",
    "x509-certificate:hashes.sha256": "cert",
    "file:hashes.'sha-256'": "sha256",
    "file:hashes.sha256": "sha256",
    "file:hashes.'sha256'": "sha256",
    _TLS + "ja3": "ja3",
    _TLS + "ja4": "ja4",
}
"""Object path, lower case -> how its value is spelled; "" where the value itself says it."""
Named = tuple[Observable, bool]
"""An observable, and whether it is only the host of what was named."""


class _Cannot(Exception):
    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def observables_of(pattern: str) -> tuple[Named, ...] | Refused:
    """What the pattern names, any one of which meets it; or why it cannot be used."""
    if len(pattern) > PATTERN_CHARS_MAX:
        return Refused("pattern_long", "a pattern of more than {most} characters", most=PATTERN_CHARS_MAX)
    try:
        named = tuple(dict.fromkeys(_Reader(pattern).whole()))
    except _Cannot as error:
        return error.refused
    if len(named) > OBSERVABLES_MAX:
        return Refused("pattern_long", "a pattern of more than {most} observables", most=OBSERVABLES_MAX)
    return named


class _Reader:
    """Goes over the tokens once, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._tokens = [*_tokens(pattern)]
        self._at = 0

    def whole(self) -> Iterator[Named]:
        while True:
            self._need("(" if self._see("(") else "[")
            if self._tokens[self._at - 1] == ("sign", "("):
                raise _Cannot(Refused("pattern_known", "observations in brackets of their own are not understood"))
            yield from self._observation()
            if self._at == len(self._tokens):
                return
            word = self._next()[1].upper()
            if word != "OR":
                raise _Cannot(
                    Refused(
                        "pattern_together", "{word}: more than one thing must be met, in time or order", word=word[:20]
                    )
                )

    def _observation(self) -> Iterator[Named]:
        """``[a = 'x' OR a IN ('y', 'z')]``, and ``[file: ... AND file:hashes.'SHA-256' = 'x']``."""
        named: list[Named] = []
        terms: list[tuple[str, list[str]]] = []
        joins: set[str] = set()
        while True:
            terms.append(self._comparison())
            kind, word = self._next()
            if (kind, word) == ("sign", "]"):
                break
            joins.add(word.upper())
            if word.upper() not in ("AND", "OR"):
                raise _Cannot(Refused("pattern_known", "the pattern is not understood"))
        if "AND" in joins:
            terms = _one_of_all(terms, joins)
        for path, values in terms:
            named += [_named(path, value) for value in values]
        return iter(named)

    def _comparison(self) -> tuple[str, list[str]]:
        kind, path = self._next()
        if kind != "path":
            raise _Cannot(Refused("pattern_known", "the pattern is not understood"))
        word = self._next()[1].upper()
        if word == "=":
            return path, [self._text()]
        if word != "IN":
            raise _Cannot(
                Refused("pattern_exact", "{word}: only values that are named exactly can be used", word=word[:20])
            )
        self._need("(")
        values = [self._text()]
        while self._see(","):
            self._next()
            values.append(self._text())
        self._need(")")
        return path, values

    def _text(self) -> str:
        kind, text = self._next()
        if kind != "text":
            raise _Cannot(Refused("pattern_exact", "a value that is no text"))
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _Cannot(Refused("pattern_known", "the pattern breaks off"))
        self._at += 1
        return self._tokens[self._at - 1]

    def _see(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign)

    def _need(self, sign: str) -> None:
        if self._next() != ("sign", sign):
            raise _Cannot(Refused("pattern_known", "the pattern is not understood"))


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(pattern.rstrip())
    while at < end:
        met = _TOKEN.match(pattern, at)
        if met is None or met.lastgroup is None:
            raise _Cannot(Refused("pattern_known", "the pattern is not understood"))
        yield met.lastgroup, met[met.lastgroup]
        at = met.end()


def _one_of_all(terms: list[tuple[str, list[str]]], joins: set[str]) -> list[tuple[str, list[str]]]:
    """What must be met together names one thing only where all of it is about one file and its SHA-256 stands there."""
    if joins == {"AND"} and all(path.startswith("file:") for path, _ in terms):
        whole = [term for term in terms if PATHS.get(term[0].lower()) == "sha256"]
        if len(whole) == 1 and len(whole[0][1]) == 1:
            return whole
    raise _Cannot(Refused("pattern_together", "AND: more than one thing must be met together"))


def _named(path: str, value: str) -> Named:
    kind = PATHS.get(path.lower())
    if kind is None:
        raise _Cannot(Refused("not_carried", "Bavn looks for nothing that is called {path}", path=path[:60]))
    observable = spelled(kind, value)
    if isinstance(observable, Refused):
        raise _Cannot(observable)
    if not isinstance(observable, Observable):
        raise _Cannot(Refused("network", "a range of addresses is no single observable"))
    return observable, kind == "url" and is_below_host(value)
