"""ArcSight's Common Event Format, whoever sends it (Check Point, Forcepoint, Barracuda, ...): events that have a source
and a destination address are flows.

``in`` and ``out`` are bytes from source to destination and back, as the format defines them. An event without both
addresses passes. Source: ArcSight's CEF implementation standard.
"""

from typing import Final

from bavn.actor.sense.logs.flow_columns import COLUMNS, stage
from bavn.actor.sense.logs.format import LogFormat

_KEYS: Final = ("src", "dst", "spt", "dpt", "proto", "in", "out", "act", "rt", "start", "end")
_VALUES: Final = ", ".join(f"value_of(extension, '{key}') AS \"k_{key}\"" for key in _KEYS)
_MS: Final = "CASE WHEN regexp_full_match({0}, '[0-9]{{12,14}}') THEN in_reach(TRY_CAST({0} AS BIGINT) * 1000) END"
_AT: Final = f"coalesce({_MS.format('k_start')}, {_MS.format('k_rt')}, stamped)"
_READ: Final = f"""
    SELECT *, k_src AS a, k_dst AS b, k_spt AS a_port, k_dpt AS b_port,
      coalesce(k_proto, CASE WHEN k_spt IS NULL AND k_dpt IS NULL THEN 'ip' END) AS proto,
      {_AT} AS logged, k_src IS NOT NULL AND k_dst IS NOT NULL AS kin
    FROM (SELECT n, stamped, {_VALUES} FROM (
      SELECT n, stamped, regexp_extract(message,
        'CEF:[0-9]+(?:\\|(?:[^|\\\\]|\\\\.)*){{6}}\\|(.*)$', 1) AS extension FROM mine))"""

CEF: Final = LogFormat(
    name="cef",
    tells="contains(message, 'CEF:') AND regexp_matches(message, '(^|[ :])CEF:[0-9]+\\|')",
    stage=stage(
        _READ,
        failed="CASE WHEN regexp_matches(k_act, '(?i)drop|reject|den[iy]|block|refuse|prevent') THEN TRUE END",
        sent='count_of("k_in")',
        got='count_of("k_out")',
        ended=f"greatest(logged, coalesce({_MS.format('k_end')}, logged))",
        ending="k_act",
    ),
    columns={"flow": COLUMNS},
    computes_community=True,
)
