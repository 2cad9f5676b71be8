"""squid's native access.log (logformat squid), from its file or through syslog.

Its bytes are those sent to the client; what the client sent is there only where the format has ``%>st`` added at its
end, and without that nobody can tell an upload. The time in it is the end. Source: squid's logformat directive.
"""

from typing import Final

from bavn.actor.sense.logs.format import LogFormat
from bavn.actor.sense.logs.head import extract
from bavn.actor.sense.logs.proxy import ALSO, COLUMNS, stage

_LINE: Final = r"""
    ^([0-9]{9,11}\.[0-9]{3})    # ended
    \ +(-?[0-9]{1,12})          # took
    \ (\S+)                     # client
    \ ([A-Z_]+)/([0-9]{3})      # what was done, and the status
    \ ([0-9]+)                  # got: bytes to the client
    \ (\S+)                     # method
    \ (\S+)                     # url
    \ (\S+)                     # user
    \ ([A-Z_]+)/(\S+)           # how the server was found, and the peer
    \ (\S+)                     # type of the content
    (?:\ ([0-9]+))? $           # sent: bytes from the client, where %>st was added
"""
_READ: Final = f"""
    SELECT n,
      epoch_of(s.ended) - to_microseconds(1000 * greatest(0, coalesce(TRY_CAST(s.took AS BIGINT), 0))) AS logged,
      epoch_of(s.ended) AS ended, s.client AS client, s.method AS method, s.url AS target,
      nullif(TRY_CAST(s.status AS USMALLINT), 0) AS status, count_of(s.got) AS got, count_of(filled(s.sent)) AS sent,
      nullif(filled(s.peer), '-') AS peer, CAST(NULL AS VARCHAR) AS agent, nullif(s.content, '-') AS content,
      s.client <> '' AS kin, CASE WHEN s.client = '' THEN 'no line of squid''s access.log' END AS fault
    FROM (SELECT n, {
    extract("message", _LINE, "ended took client what status got method url user how peer content sent")
} AS s FROM mine)"""

SQUID: Final = LogFormat(
    name="squid",
    tells="regexp_matches(message, '^[0-9]{9,11}\\.[0-9]{3} +-?[0-9]+ \\S+ [A-Z_]+/[0-9]{3} ')",
    stage=stage(_READ),
    columns=COLUMNS,
    also=ALSO,
)
