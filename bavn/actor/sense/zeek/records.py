"""Zeek's log lines, TSV or JSON, -> records. Refuses to know where the lines came from, and what a record means.

A line that has not as many fields as its header, is no JSON, or lacks what its log must have, is one refusal.
Certificates (x509.log) are remembered, so that the tls rows which show them can name them.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bavn.actor.formats.lines import Segment, count_lines, line_column
from bavn.actor.sense.engine import Engine
from bavn.actor.sense.parsed import Parsed, joined
from bavn.actor.sense.reader import Grammar, read
from bavn.actor.sense.zeek.columns import COLUMNS, MACROS
from bavn.actor.sense.zeek.fields import RECORD_OF, log_named
from bavn.actor.sense.zeek.header import Header, parts
from bavn.actor.sense.zeek.stage import quoted, stage

CERTIFICATES_MAX: Final = 50_000

DEFINITIONS: Final = (
    MACROS
    + """
CREATE OR REPLACE TEMP TABLE certificates (key VARCHAR, age BIGINT, subject VARCHAR, issuer VARCHAR,
  fingerprint VARCHAR, notbefore TIMESTAMP, notafter TIMESTAMP, key_type VARCHAR, bits UINTEGER, curve VARCHAR,
  signature VARCHAR);
CREATE OR REPLACE TEMP SEQUENCE certificate_age;
"""
)
"""What the grammars need in an engine, next to macros.MACROS."""

RESPELLED: Final = (b'"id_orig_h"', b'"orig_h"', b'"certificate_')
"""Signs of a JSON log whose names have underscores for dots, or whose ids are an object, as shippers write them."""

# Where the log says neither protocol nor ports, a Community ID would be a guess.
_NO_COMMUNITY: Final = frozenset({"kerberos", "dhcp", "files"})

# Kept by file id and by fingerprint: older versions show the one, newer ones the other. A file's sha1 is the
# fingerprint where x509.log has none.
_KEEP: Final = {
    "x509": """INSERT INTO certificates
      SELECT key, nextval('certificate_age'), "certificate.subject", "certificate.issuer", fingerprint,
        epoch_of("certificate.not_valid_before"), epoch_of("certificate.not_valid_after"), "certificate.key_type",
        TRY_CAST("certificate.key_length" AS UINTEGER), "certificate.curve", "certificate.sig_alg"
      FROM (SELECT *, unnest([id, fingerprint]) AS key FROM stage WHERE outcome = '' AND reason IS NULL)
      WHERE key IS NOT NULL""",
    "files": """INSERT INTO certificates
      SELECT fuid, nextval('certificate_age'), NULL, NULL, sha1, NULL, NULL, NULL, NULL, NULL, NULL
      FROM stage
      WHERE outcome = 'fileinfo' AND source = 'SSL' AND fuid IS NOT NULL AND sha1 IS NOT NULL""",
}
_FORGET: Final = f"DELETE FROM certificates WHERE age <= (SELECT max(age) - {CERTIFICATES_MAX} FROM certificates)"
_SHOWN: Final = """(
  SELECT stage.*, c.* EXCLUDE (key) FROM stage LEFT JOIN (
    SELECT key, arg_max(subject, age) AS shown_subject, arg_max(issuer, age) AS shown_issuer,
      arg_max(fingerprint, age) AS shown_fingerprint, arg_max(notbefore, age) AS shown_notbefore,
      arg_max(notafter, age) AS shown_notafter, arg_max(key_type, age) AS shown_key, arg_max(bits, age) AS shown_bits,
      arg_max(curve, age) AS shown_curve, arg_max(signature, age) AS shown_signature
    FROM certificates GROUP BY key) c
  ON c.key = coalesce(cert_chain_fps[1], cert_chain_fuids[1]))"""


@lru_cache(maxsize=64)
def grammar(sensor: str, kind: str, header: Header | None, *, respelled: bool = False) -> Grammar:
    """How lines of one log are read; ``header`` None: JSON, ``respelled`` as stage.stage has it."""
    return Grammar(
        stage=stage(kind, header, respelled=respelled),
        columns={RECORD_OF[kind]: {**COLUMNS.get(kind, {}), "sensor": quoted(sensor)}},
        sources={"tls": _SHOWN} if kind == "ssl" else {},
        keeps=(_KEEP[kind], _FORGET) if kind in _KEEP else (),
        computes_community=kind not in _NO_COMMUNITY,
    )


@dataclass(frozen=True, slots=True)
class ZeekParser:
    """Reads segments of Zeek's logs of one sensor with a prepared engine (prepare.prepared)."""

    engine: Engine
    sensor: str

    def parse(self, segment: Segment, kind: str, header: Header) -> tuple[Parsed, Header]:
        """Every line's outcome, and the header that holds behind the segment. ``kind``: the log, where a header does
        not say it; KeyError for one that does not become records (zeek_fields.RECORD_OF)."""
        parsed = []
        first = segment.first_line
        whole = segment.raw.removeprefix(b"\xef\xbb\xbf") if first == 1 else segment.raw
        for held, raw in parts(whole, header):
            log = log_named(held.path)
            kind = log if log in RECORD_OF else kind  # logs of several kinds may be put together in one file
            column = line_column(Segment(segment.file, first, raw))
            tsv = None if not held.fields and _is_json(raw) else held
            respelled = tsv is None and any(sign in raw for sign in RESPELLED)
            parsed.append(read(self.engine, grammar(self.sensor, kind, tsv, respelled=respelled), column))
            first += count_lines(raw)
            header = held
        return joined(parsed), header


def _is_json(raw: bytes) -> bool:
    """By the first line that is no comment."""
    start = 0
    while raw.startswith(b"#", start):
        start = raw.find(b"\n", start) + 1
        if start == 0:
            return False
    return raw[start : start + 64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
