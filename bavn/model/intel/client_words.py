"""What a JA4 says of the program behind it in plain words: its first part, which is no hash.

Source: FoxIO, JA4 (the parts of ``t13d1516h2``: transport, version, server name, ciphers, extensions, first ALPN).
Refuses to name a program: one fingerprint is many programs', and a list of them would be a guess.
"""

from types import MappingProxyType
from typing import Final

from bavn.model.observable import Observable, ObservableType
from bavn.model.text import Text

_VERSIONS: Final = MappingProxyType(
    {"13": "TLS 1.3", "12": "TLS 1.2", "11": "TLS 1.1", "10": "TLS 1.0", "s3": "SSL 3", "s2": "SSL 2"}
)
_OVER: Final = MappingProxyType({"t": "{version}", "q": "{version}, QUIC", "d": "{version}, DTLS"})
_SPEAKS: Final = MappingProxyType({"h1": "HTTP/1.1", "h2": "HTTP/2", "h3": "HTTP/3", "dt": "DNS"})
_ALPN_NONE: Final = "00"


def client_looks(observable: Observable) -> Text | None:
    """``a program that speaks HTTP/2 (TLS 1.3), names the server, and offers 15 ciphers and 16 extensions``. None for
    a fingerprint that is a hash alone."""
    first = observable.value.partition("_")[0]
    if observable.type is ObservableType.JA3 or len(first) != 10:
        return None
    over = _OVER[first[0]].format(version=_VERSIONS.get(first[1:3], "TLS"))
    alpn = first[8:]
    if alpn == _ALPN_NONE:
        speaks = Text("a program that does not say what it speaks ({over})", over=over)
    else:
        speaks = Text("a program that speaks {what} ({over})", what=_SPEAKS.get(alpn, alpn), over=over)
    shape = (
        Text("{speaks}, names the server, and offers {ciphers} ciphers and {extensions} extensions")
        if first[3] == "d"
        else Text("{speaks}, names no server, and offers {ciphers} ciphers and {extensions} extensions")
    )
    return shape.filled(speaks=speaks, ciphers=int(first[4:6]), extensions=int(first[6:8]))
