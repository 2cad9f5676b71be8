"""What a JA4 says in words; no program is named."""

import pytest

from bavn.model.intel.client_words import client_looks
from bavn.model.observable import Observable

HASHES = "_8daaf6152771_02713d6af862"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("t13d1516h2", "a program that speaks HTTP/2 (TLS 1.3), names the server, and offers 15 ciphers and 16"),
        ("t12i0903h1", "a program that speaks HTTP/1.1 (TLS 1.2), names no server, and offers 9 ciphers and 3"),
        ("q13d0310h3", "a program that speaks HTTP/3 (TLS 1.3, QUIC), names the server, and offers 3 ciphers and 10"),
        ("d12i070500", "a program that does not say what it speaks (TLS 1.2, DTLS), names no server, and offers 7"),
        ("t99i0101zz", "a program that speaks zz (TLS), names no server, and offers 1 ciphers and 1 extensions"),
    ],
)
def test_the_first_part_is_read_aloud(value, words) -> None:
    looks = client_looks(Observable.of("ja4", value + HASHES))
    assert looks is not None
    assert looks.say("en").startswith(words)


def test_a_pair_is_its_client_and_a_hash_alone_says_nothing() -> None:
    pair = Observable.of("fp-pair", f"t13d1516h2{HASHES}+t130200_1301_234ea6891581")
    assert "HTTP/2" in client_looks(pair).say("en")
    assert client_looks(Observable.of("ja3", "ab" * 16)) is None
    assert client_looks(Observable.of("fp-pair", f"{'ab' * 16}+{'cd' * 16}")) is None
