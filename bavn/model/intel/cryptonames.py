"""Names of what is agreed in TLS, QUIC and SSH, and how safe it is from a quantum computer. Data, little else.

Source: IANA's registries "TLS Parameters" (groups, cipher suites, signature schemes) and "SSH Protocol Parameters"; the
draft code points of Kyber as browsers sent them. A number without a name is shown as 0x....
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

GROUPS: Final[dict[int, str]] = {
    19: "secp192r1",
    21: "secp224r1",
    22: "secp256k1",
    23: "secp256r1",
    24: "secp384r1",
    25: "secp521r1",
    26: "brainpoolP256r1",
    27: "brainpoolP384r1",
    28: "brainpoolP512r1",
    29: "x25519",
    30: "x448",
    31: "brainpoolP256r1tls13",
    32: "brainpoolP384r1tls13",
    33: "brainpoolP512r1tls13",
    41: "curveSM2",
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    259: "ffdhe6144",
    260: "ffdhe8192",
    512: "MLKEM512",
    513: "MLKEM768",
    514: "MLKEM1024",
    4587: "SecP256r1MLKEM768",
    4588: "X25519MLKEM768",
    4589: "SecP384r1MLKEM1024",
    4590: "curveSM2MLKEM768",
    16696: "CECPQ2",
    25497: "X25519Kyber768Draft00",
    25498: "SecP256r1Kyber768Draft00",
    65074: "X25519Kyber512Draft00",
}

VERSIONS: Final[dict[int, str]] = {
    0x0002: "SSLv2",
    0x0300: "SSLv3",
    0x0301: "TLSv1",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
}
"""As Suricata names them in ``tls``."""

SIGNATURES: Final[dict[int, str]] = {
    0x0101: "rsa_pkcs1_md5",
    0x0201: "rsa_pkcs1_sha1",
    0x0202: "dsa_sha1",
    0x0203: "ecdsa_sha1",
    0x0301: "rsa_pkcs1_sha224",
    0x0302: "dsa_sha224",
    0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256",
    0x0402: "dsa_sha256",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0502: "dsa_sha384",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0602: "dsa_sha512",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
    0x0904: "mldsa44",
    0x0905: "mldsa65",
    0x0906: "mldsa87",
}

_PLAIN: Final = ("RSA", "DH_DSS", "DH_RSA", "DHE_DSS", "DHE_RSA", "DH_anon")
CIPHERS: Final[dict[int, str]] = {
    0x0001: "TLS_RSA_WITH_NULL_MD5",
    0x0002: "TLS_RSA_WITH_NULL_SHA",
    0x0003: "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
    0x0004: "TLS_RSA_WITH_RC4_128_MD5",
    0x0005: "TLS_RSA_WITH_RC4_128_SHA",
    0x0006: "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    0x0008: "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0009: "TLS_RSA_WITH_DES_CBC_SHA",
    0x000A: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    0x0012: "TLS_DHE_DSS_WITH_DES_CBC_SHA",
    0x0013: "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA",
    0x0014: "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
    0x0015: "TLS_DHE_RSA_WITH_DES_CBC_SHA",
    0x0016: "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
    0x0018: "TLS_DH_anon_WITH_RC4_128_MD5",
    0x001B: "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA",
    0x003B: "TLS_RSA_WITH_NULL_SHA256",
    **{0x002F + n: f"TLS_{kx}_WITH_AES_128_CBC_SHA" for n, kx in enumerate(_PLAIN)},
    **{0x0035 + n: f"TLS_{kx}_WITH_AES_256_CBC_SHA" for n, kx in enumerate(_PLAIN)},
    0x003C: "TLS_RSA_WITH_AES_128_CBC_SHA256",
    0x003D: "TLS_RSA_WITH_AES_256_CBC_SHA256",
    0x0040: "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256",
    0x0067: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
    0x006A: "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256",
    0x006B: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
    **{0x0041 + n: f"TLS_{kx}_WITH_CAMELLIA_128_CBC_SHA" for n, kx in enumerate(_PLAIN)},
    **{0x0084 + n: f"TLS_{kx}_WITH_CAMELLIA_256_CBC_SHA" for n, kx in enumerate(_PLAIN)},
    **{0x0096 + n: f"TLS_{kx}_WITH_SEED_CBC_SHA" for n, kx in enumerate(_PLAIN)},
    0x008A: "TLS_PSK_WITH_RC4_128_SHA",
    0x008B: "TLS_PSK_WITH_3DES_EDE_CBC_SHA",
    0x008C: "TLS_PSK_WITH_AES_128_CBC_SHA",
    0x008D: "TLS_PSK_WITH_AES_256_CBC_SHA",
    0x009C: "TLS_RSA_WITH_AES_128_GCM_SHA256",
    0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384",
    0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0x00A2: "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256",
    0x00A3: "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384",
    0x00A8: "TLS_PSK_WITH_AES_128_GCM_SHA256",
    0x00A9: "TLS_PSK_WITH_AES_256_GCM_SHA384",
    0x00FF: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    0x5600: "TLS_FALLBACK_SCSV",
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x1304: "TLS_AES_128_CCM_SHA256",
    0x1305: "TLS_AES_128_CCM_8_SHA256",
    **{
        0xC002 + 5 * n: f"TLS_{kx}_WITH_RC4_128_SHA"
        for n, kx in enumerate(("ECDH_ECDSA", "ECDHE_ECDSA", "ECDH_RSA", "ECDHE_RSA", "ECDH_anon"))
    },
    **{
        0xC003 + 5 * n: f"TLS_{kx}_WITH_3DES_EDE_CBC_SHA"
        for n, kx in enumerate(("ECDH_ECDSA", "ECDHE_ECDSA", "ECDH_RSA", "ECDHE_RSA", "ECDH_anon"))
    },
    **{
        0xC004 + 5 * n: f"TLS_{kx}_WITH_AES_128_CBC_SHA"
        for n, kx in enumerate(("ECDH_ECDSA", "ECDHE_ECDSA", "ECDH_RSA", "ECDHE_RSA", "ECDH_anon"))
    },
    **{
        0xC005 + 5 * n: f"TLS_{kx}_WITH_AES_256_CBC_SHA"
        for n, kx in enumerate(("ECDH_ECDSA", "ECDHE_ECDSA", "ECDH_RSA", "ECDHE_RSA", "ECDH_anon"))
    },
    **{
        0xC023 + 2 * n: f"TLS_{kx}_WITH_AES_128_CBC_SHA256"
        for n, kx in enumerate(("ECDHE_ECDSA", "ECDH_ECDSA", "ECDHE_RSA", "ECDH_RSA"))
    },
    **{
        0xC024 + 2 * n: f"TLS_{kx}_WITH_AES_256_CBC_SHA384"
        for n, kx in enumerate(("ECDHE_ECDSA", "ECDH_ECDSA", "ECDHE_RSA", "ECDH_RSA"))
    },
    **{
        0xC02B + 2 * n: f"TLS_{kx}_WITH_AES_128_GCM_SHA256"
        for n, kx in enumerate(("ECDHE_ECDSA", "ECDH_ECDSA", "ECDHE_RSA", "ECDH_RSA"))
    },
    **{
        0xC02C + 2 * n: f"TLS_{kx}_WITH_AES_256_GCM_SHA384"
        for n, kx in enumerate(("ECDHE_ECDSA", "ECDH_ECDSA", "ECDHE_RSA", "ECDH_RSA"))
    },
    0xC035: "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA",
    0xC036: "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA",
    0xC09C: "TLS_RSA_WITH_AES_128_CCM",
    0xC09D: "TLS_RSA_WITH_AES_256_CCM",
    0xC09E: "TLS_DHE_RSA_WITH_AES_128_CCM",
    0xC09F: "TLS_DHE_RSA_WITH_AES_256_CCM",
    0xC0AC: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
    0xC0AD: "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
    0xC0AE: "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
    0xC0AF: "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
    0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCAA: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCAB: "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256",
    0xCCAC: "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
}


class Safety(StrEnum):
    """Of a key agreement, against one who records today and computes later."""

    HYBRID = "hybrid"
    PURE = "post-quantum"
    CLASSICAL = "classical"
    UNKNOWN = "unknown"


_LATTICE: Final = ("mlkem", "kyber", "sntrup", "frodo", "cecpq2", "ntru", "bike", "hqc")
_PURE: Final = frozenset({"mlkem512", "mlkem768", "mlkem1024"})


def named(table: dict[int, str], number: int) -> str:
    """A code point's name, or its four hex digits."""
    return table.get(number, f"0x{number:04x}")


def greased(number: int) -> bool:
    """RFC 8701: numbers that say nothing."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def safety_of(agreement: str | None) -> Safety:
    """Of a group (TLS), a key exchange method (SSH), or "RSA" for a key sent under the server's own."""
    if not agreement or agreement.startswith("0x"):
        return Safety.UNKNOWN
    plain = agreement.lower()
    if plain in _PURE:
        return Safety.PURE
    return Safety.HYBRID if any(word in plain for word in _LATTICE) else Safety.CLASSICAL


def safest(agreements: Iterable[str]) -> Safety:
    """The best of what is offered; UNKNOWN for nothing."""
    kinds = {safety_of(one) for one in agreements}
    return next((kind for kind in (Safety.PURE, Safety.HYBRID, Safety.CLASSICAL) if kind in kinds), Safety.UNKNOWN)
