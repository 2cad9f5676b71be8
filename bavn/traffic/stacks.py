"""The TLS stacks that speak in the simulator: made up, each with a fingerprint of its own.

Refuses to be anybody's real browser: a match with a public fingerprint list would be chance.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A client's TLS library in one version. ``extensions`` in sending order; ``grease`` adds Chrome's noise."""

    name: str
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    groups: tuple[int, ...]
    signatures: tuple[int, ...]
    alpn: tuple[str, ...] = ()
    versions: tuple[int, ...] = (0x0304, 0x0303)
    grease: bool = False


def _hex(words: str) -> tuple[int, ...]:
    return tuple(int(word, 16) for word in words.split())


_ALL: Final = (
    Stack(
        name="chrome",
        ciphers=_hex("1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"),
        extensions=(27, 0, 51, 5, 11, 17613, 43, 35, 13, 45, 10, 65281, 23, 18, 16),
        groups=(29, 23, 24),
        signatures=_hex("0403 0804 0401 0503 0805 0501 0806 0601"),
        alpn=("h2", "http/1.1"),
        grease=True,
    ),
    Stack(
        name="chrome-next",
        ciphers=_hex("1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"),
        extensions=(27, 0, 51, 5, 11, 17613, 43, 35, 13, 45, 10, 65281, 23, 18, 16, 65037),
        groups=(4588, 29, 23, 24),
        signatures=_hex("0403 0804 0401 0503 0805 0501 0806 0601"),
        alpn=("h2", "http/1.1"),
        grease=True,
    ),
    Stack(
        name="firefox",
        ciphers=_hex("1301 1303 1302 c02b c02f cca9 cca8 c02c c030 c00a c009 c013 c014 009c 009d 002f 0035"),
        extensions=(0, 23, 65281, 10, 11, 35, 16, 5, 34, 51, 43, 13, 45, 28),
        groups=(29, 23, 24, 25, 256, 257),
        signatures=_hex("0403 0503 0603 0804 0805 0806 0401 0501 0601 0203 0201"),
        alpn=("h2", "http/1.1"),
    ),
    Stack(
        name="windows",
        ciphers=_hex(
            "1302 1301 c02c c02b c030 c02f c024 c023 c028 c027 c00a c009 c014 c013 009d 009c 003d 003c 0035 002f"
        ),
        extensions=(0, 5, 10, 11, 13, 35, 23, 43, 45, 51, 65281),
        groups=(29, 23, 24),
        signatures=_hex("0804 0805 0806 0401 0501 0201 0403 0503 0203 0202 0601 0603"),
    ),
    Stack(
        name="java",
        ciphers=_hex("1302 1301 1303 c02c c02b cca9 c030 cca8 c02f 009f 009e c024 c028 c023 c027 00ff"),
        extensions=(0, 5, 10, 11, 17, 23, 35, 13, 43, 45, 50, 51),
        groups=(29, 23, 24, 25, 30, 256, 257),
        signatures=_hex("0403 0503 0603 0807 0808 0804 0805 0806 0809 0401 0501 0601"),
    ),
    Stack(
        name="openssl",
        ciphers=_hex("1302 1303 1301 c02c c030 009f cca9 cca8 ccaa c02b c02f 009e c024 c028 006b c023 c027 0067 00ff"),
        extensions=(0, 11, 10, 35, 22, 23, 13, 43, 45, 51),
        groups=(29, 23, 30, 25, 24),
        signatures=_hex("0403 0503 0603 0807 0808 0804 0805 0806 0401 0501 0601"),
    ),
    Stack(
        name="device",
        ciphers=_hex("c02b c02f c023 c027 009c 003c 002f 00ff"),
        extensions=(0, 10, 11, 13, 22, 23),
        groups=(23, 24),
        signatures=_hex("0403 0401 0503 0501"),
        versions=(0x0303,),
    ),
    Stack(
        name="oldgate",
        ciphers=_hex("c014 c00a 0035 c013 c009 002f 000a"),
        extensions=(0, 10, 11, 13),
        groups=(23,),
        signatures=_hex("0401 0201"),
        versions=(0x0303,),
    ),
    Stack(
        name="implant-a",
        ciphers=_hex("c02f c030 c02b c02c cca8 c013 c014 009c 1301 1303"),
        extensions=(0, 5, 10, 11, 13, 65281, 18, 43, 51),
        groups=(29, 24, 23),
        signatures=_hex("0804 0403 0807 0805 0401"),
    ),
    Stack(
        name="implant-b",
        ciphers=_hex("c030 c02c c028 c014 009d 003d 0035 c02f c013"),
        extensions=(0, 11, 10, 13, 35, 23),
        groups=(24, 23, 25),
        signatures=_hex("0601 0501 0401"),
        versions=(0x0303,),
    ),
)

STACKS: Final[dict[str, Stack]] = {stack.name: stack for stack in _ALL}
