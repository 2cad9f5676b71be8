"""What one host does to another's machine by file sharing, remote procedure calls and remote shells, in SQL.

Operations are those of MITRE BZAR (ATT&CK over SMB and DCE/RPC), of Microsoft's MS-SCMR, MS-TSCH, MS-WMI, MS-DCOM,
MS-DRSR, MS-RPRN, MS-EFSR, MS-DFSNM, MS-SAMR and MS-LSAD, by number (Suricata) or name (Zeek). Refuses to judge.
"""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from bavn.model.moment import MINUTE_US
from bavn.model.text import Text

PAIR_US: Final = 10 * MINUTE_US
"""BZAR: a file laid down on an administrative share and something started belong together within this."""
AUTHENTICATIONS_MIN: Final = 20
"""A machine proves itself to its domain once or twice; Zerologon needs 256 tries on average."""
PIPES_MIN: Final = 5
PIPE_US: Final = 10 * MINUTE_US
"""So often and so long a pipe of no known service is spoken to by what takes orders through it."""
INSISTS_MIN: Final = 100
"""So many calls to the endpoint mapper within an hour are a program that tries something until it works."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``nats``: what the act is worth if nothing else is known. ``starts``: code runs at the other end."""

    nats: float
    technique: str
    starts: bool
    says: Text


KINDS: Final[dict[str, Kind]] = {
    "service": Kind(4.0, "T1569.002", True, Text("made or started a service")),
    "task": Kind(4.0, "T1053.005", True, Text("registered or ran a task")),
    "wmi": Kind(3.0, "T1047", True, Text("used WMI")),
    "dcom": Kind(3.0, "T1021.003", True, Text("activated a DCOM object")),
    "winrm": Kind(3.0, "T1021.006", True, Text("used a remote shell (WinRM)")),
    "tool": Kind(3.0, "T1569.002", True, Text("opened the pipe of a remote execution tool")),
    "pipe": Kind(3.0, "T1090.001", False, Text("spoke again and again to a named pipe of no known service")),
    "program": Kind(2.0, "T1570", False, Text("wrote a program to a share")),
    "write": Kind(2.0, "T1021.002", False, Text("wrote to an administrative share")),
    "share": Kind(2.0, "T1021.002", False, Text("opened an administrative share")),
    "manager": Kind(1.5, "T1007", False, Text("asked for services or tasks")),
    "replicate": Kind(
        6.0,
        "T1003.006",
        False,
        Text("fetched the directory's secrets as only a domain controller does"),
    ),
    "coerce": Kind(4.0, "T1187", False, Text("made the other machine call somebody")),
    "driver": Kind(3.0, "T1547.012", False, Text("installed a printer driver")),
    "prove": Kind(
        5.0,
        "T1210",
        False,
        Text("tried to prove itself to the domain again and again"),
    ),
    "insist": Kind(3.0, "T1210", False, Text("asked for RPC services again and again")),
    "secret": Kind(3.0, "T1003.004", False, Text("read or set a secret")),
    "wipe": Kind(3.0, "T1070.001", False, Text("cleared an event log")),
    "registry": Kind(1.5, "T1012", False, Text("used the remote registry")),
    "users": Kind(1.5, "T1087.002", False, Text("listed users, groups or sessions")),
}

_ANY = (None, None)
_OPERATIONS: Final[dict[tuple[str, str], tuple[tuple[int | None, str | None], ...]]] = {
    ("service", "svcctl"): (
        (11, "ChangeServiceConfigW"),
        (12, "CreateServiceW"),
        (19, "StartServiceW"),
        (23, "ChangeServiceConfigA"),
        (24, "CreateServiceA"),
        (31, "StartServiceA"),
        (44, "CreateServiceWOW64A"),
        (45, "CreateServiceWOW64W"),
        (60, "CreateWowService"),
    ),
    ("manager", "svcctl"): (_ANY,),
    ("task", "atsvc"): ((0, "NetrJobAdd"),),
    ("task", "ITaskSchedulerService"): ((1, "SchRpcRegisterTask"), (12, "SchRpcRun")),
    ("manager", "atsvc"): (_ANY,),
    ("manager", "ITaskSchedulerService"): (_ANY,),
    ("wmi", "IWbemServices"): (_ANY,),
    ("wmi", "IWbemLevel1Login"): (_ANY,),
    ("dcom", "IRemoteSCMActivator"): (_ANY,),
    ("dcom", "ISystemActivator"): (_ANY,),
    ("dcom", "IActivation"): (_ANY,),
    ("dcom", "IOXIDResolver"): (_ANY,),
    ("dcom", "IRemUnknown2"): (_ANY,),
    ("replicate", "drsuapi"): ((3, "DRSGetNCChanges"), (5, "DRSReplicaAdd")),
    ("coerce", "spoolss"): (
        (62, "RpcRemoteFindFirstPrinterChangeNotification"),
        (65, "RpcRemoteFindFirstPrinterChangeNotificationEx"),
    ),
    ("coerce", "efsrpc"): (_ANY,),
    ("coerce", "FssagentRpc"): (_ANY,),
    ("coerce", "netdfs"): ((12, "NetrDfsAddStdRoot"), (13, "NetrDfsRemoveStdRoot")),
    ("driver", "spoolss"): ((9, "RpcAddPrinterDriver"), (89, "RpcAddPrinterDriverEx")),
    ("driver", "IRemoteWinspool"): ((39, "RpcAsyncAddPrinterDriver"),),
    ("prove", "netlogon"): ((26, "NetrServerAuthenticate3"),),
    ("secret", "lsarpc"): ((42, "LsarStorePrivateData"), (43, "LsarRetrievePrivateData")),
    ("secret", "samr"): ((37, "SamrSetInformationUser"), (58, "SamrSetInformationUser2")),
    ("secret", "BackupKey"): (_ANY,),
    ("wipe", "eventlog"): ((0, "ElfrClearELFW"),),
    ("wipe", "IEventService"): ((6, "EvtRpcClearLog"),),
    ("registry", "winreg"): (_ANY,),
    ("users", "samr"): (
        (11, "SamrEnumerateGroupsInDomain"),
        (13, "SamrEnumerateUsersInDomain"),
        (15, "SamrEnumerateAliasesInDomain"),
        (20, "SamrQueryInformationGroup"),
        (25, "SamrGetMembersInGroup"),
        (33, "SamrGetMembersInAlias"),
    ),
    ("users", "srvsvc"): ((12, "NetrSessionEnum"),),
    ("users", "wkssvc"): ((2, "NetrWkstaUserEnum"),),
}


def operations() -> pa.Table:
    """What to look for in dcerpc: kind, endpoint, opnum and operation (both NULL: any)."""
    rows = [
        {"kind": kind, "endpoint": endpoint, "opnum": number, "operation": name}
        for (kind, endpoint), wanted in _OPERATIONS.items()
        for number, name in wanted
    ]
    schema = pa.schema(
        [("kind", pa.string()), ("endpoint", pa.string()), ("opnum", pa.uint16()), ("operation", pa.string())]
    )
    return pa.Table.from_pylist(rows, schema)


_ADMIN_SHARE = r"regexp_matches(upper(share), '\\(ADMIN|[A-Z])\$$')"
_WRITES = (
    "(command LIKE '%WRITE%' OR upper(disposition) IN ('FILE_SUPERSEDE', 'FILE_CREATE', 'FILE_OPEN_IF',"
    " 'FILE_OVERWRITE', 'FILE_OVERWRITE_IF', 'WRITE', 'RENAME'))"
)
_PROGRAM = r"regexp_matches(lower(filename), '\.(exe|dll|sys|scr|com|bat|cmd|ps1|vbs|js|hta|msi|jar|lnk)$')"
_TOOLS = "regexp_matches(pipe, '^(psexe|remcom|paexec|csexec|winexe|xcmd|atctl)[^.]*$')"
_SERVICES = (
    "'atsvc', 'browser', 'cert', 'dav rpc service', 'dnsserver', 'efsrpc', 'epmapper', 'eventlog', 'fssagentrpc',"
    " 'gpsvc', 'hydralspipe', 'initshutdown', 'keysvc', 'lltdsvc', 'llsrpc', 'lsarpc', 'lsass', 'lsm_api_service',"
    " 'msftewds', 'netdfs', 'netlogon', 'ntsvcs', 'plugplay', 'policyagent', 'protected_storage', 'router', 'rpcss',"
    " 'samr', 'scerpc', 'spoolss', 'srvsvc', 'svcctl', 'tapsrv', 'termsrv_api_service', 'trkwks', 'w32time',"
    " 'w32time_alt', 'wins', 'winreg', 'wkssvc'"
)
"""Pipes that Windows itself serves to others (the MS-* documents of its protocols)."""
_STRANGE = (
    rf"(pipe NOT IN ({_SERVICES}) AND NOT regexp_matches(pipe, '(^|\\)sql\\query$')"
    " AND pipe NOT LIKE '<%' AND pipe NOT LIKE '%$')"
)
# Zeek names the pipe. Suricata calls the share of pipes so, and the pipe a file: sure where the flow opened no other.
_SPOKEN: Final = r"""
    pipes_only AS (SELECT sensor, flow_id FROM smb WHERE flow_id <> 0 GROUP BY sensor, flow_id
        HAVING bool_or(upper(named_pipe) LIKE '%IPC$')
            AND NOT coalesce(bool_or(upper(share) NOT LIKE '%IPC$'), FALSE)),
    spoken AS (
        SELECT src, dst, ts, status, ltrim(lower(named_pipe), '\') AS pipe, TRUE AS sure FROM smb
            WHERE named_pipe <> '' AND upper(named_pipe) NOT LIKE '%IPC$'
        UNION ALL SELECT src, dst, ts, status, ltrim(lower(filename), '\'), pipes_only.flow_id IS NOT NULL FROM smb
            LEFT JOIN pipes_only USING (sensor, flow_id)
            WHERE filename <> '' AND named_pipe IS NULL AND command LIKE '%CREATE%'),"""
_FINE = "(status IS NULL OR status = 'STATUS_SUCCESS')"

_EVENTS: Final = rf"""{_SPOKEN}
    opened AS (SELECT DISTINCT src, dst, flow_id, sensor FROM smb WHERE {_ADMIN_SHARE} AND {_FINE}),
    written AS (SELECT smb.src, smb.dst, ts, filename, opened.src IS NOT NULL AND filename <> '' AS admin FROM smb
        LEFT JOIN opened USING (src, dst, flow_id, sensor)
        WHERE {_WRITES} AND {_FINE} AND filename IS NOT NULL AND named_pipe IS NULL),
    unnamed AS (SELECT src, dst, max(ts) AS ts FROM dcerpc WHERE interface IS NULL AND opnum IS NOT NULL
        GROUP BY src, dst, flow_id, sensor
        HAVING bool_and(opnum IN (0, 1, 3, 12, 16)) AND bool_or(opnum = 3) AND bool_or(opnum IN (12, 16))),
    events AS (
        SELECT src, dst, kind, ts FROM dcerpc JOIN operations o ON dcerpc.endpoint = o.endpoint
            AND ((o.opnum IS NULL AND o.operation IS NULL) OR dcerpc.opnum = o.opnum
                OR dcerpc.operation = o.operation)
        UNION ALL SELECT src, dst, 'replicate', ts FROM unnamed
        UNION ALL SELECT src, dst, 'share', ts FROM smb WHERE {_ADMIN_SHARE} AND {_FINE}
        UNION ALL SELECT src, dst, 'write', ts FROM written WHERE admin
        UNION ALL SELECT src, dst, 'program', ts FROM written WHERE {_PROGRAM}
        UNION ALL SELECT src, dst, 'tool', ts FROM spoken WHERE {_TOOLS}
        UNION ALL SELECT src, dst, 'manager', ts FROM spoken WHERE sure AND pipe IN ('svcctl', 'atsvc') AND {_FINE}
        UNION ALL SELECT src, dst, 'pipe', ts FROM spoken WHERE sure AND {_STRANGE} AND NOT {_TOOLS} AND {_FINE}
        UNION ALL SELECT src, dst, 'winrm', ts FROM http
            WHERE lower(url) LIKE '/wsman%' AND lower(url) NOT LIKE '/wsman/subscription%' AND method = 'POST'
                AND (status IS NULL OR status < 400)
        UNION ALL SELECT src, dst, 'insist', first_ts FROM pair_hour
            WHERE dst_port = 135 AND proto = 'tcp' AND answered >= {INSISTS_MIN})"""
_STARTS = ", ".join(f"'{name}'" for name, kind in KINDS.items() if kind.starts)

ACTS_SQL: Final = f"""
    WITH {_EVENTS}
    SELECT src, dst, kind, count(*) AS n, epoch_us(min(ts)) AS first, epoch_us(max(ts)) AS last,
        count(DISTINCT ts::DATE) AS days
    FROM events WHERE src <> dst AND (is_home(src) OR is_home(dst)) AND is_home(dst)
    GROUP BY src, dst, kind HAVING CASE kind WHEN 'prove' THEN n >= {AUTHENTICATIONS_MIN}
        WHEN 'pipe' THEN n >= {PIPES_MIN} AND last - first >= {PIPE_US} ELSE TRUE END
    ORDER BY src, dst, kind LIMIT $limit"""
"""src, dst, kind, n, first, last, days (on which it was done); needs the table of :func:`operations`."""

PAIRS_SQL: Final = f"""
    WITH {_EVENTS},
    laid AS (SELECT DISTINCT src, dst, epoch_us(ts) // 60000000 AS minute FROM events
        WHERE kind IN ('write', 'program', 'share')),
    begun AS (SELECT DISTINCT src, dst, epoch_us(ts) // 60000000 AS minute FROM events WHERE kind IN ({_STARTS}))
    SELECT DISTINCT src, dst FROM laid JOIN begun USING (src, dst)
    WHERE abs(laid.minute - begun.minute) <= {PAIR_US // MINUTE_US} ORDER BY src, dst LIMIT $limit"""
"""Pairs that laid a file down (or opened the share for it) and started something within PAIR_US."""
