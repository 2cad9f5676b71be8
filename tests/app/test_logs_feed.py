"""Each log format is told a story; what docs/logs.md promises fires on those who did it, and on nobody else."""

# ruff: noqa: E501 - a line of a log is as long as it is

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bavn.actor.detect.indicators.reader import read
from bavn.actor.sense.logs.records import FORMATS
from bavn.app.analyst.analyse import Findings, Unit, analyse

DOCS = Path(__file__).resolve().parents[2] / "docs" / "logs.md"
START_US = 1_795_500_000_000_000
HOURS = 12
BEACON, TUNNEL, DGA, LISTED, SCAN, UPLOAD, LONG = (f"10.0.0.{n}" for n in range(60, 67))
WHO = {
    "beacon": BEACON,
    "dns_tunnel": TUNNEL,
    "dga": DGA,
    "ioc": LISTED,
    "scan": SCAN,
    "exfil": UPLOAD,
    "long": LONG,
}
C2, C2_AT, BAD, BAD_AT, DROP_AT = (
    "kvalme-relay.com",
    "203.0.113.80",
    "kirsebaer-list.com",
    "91.0.2.99",
    "203.0.113.77",
)
POPULAR = ("www.google.com", "outlook.office365.com", "www.microsoft.com", "login.microsoftonline.com")


def when(us, form):
    return datetime.fromtimestamp(us / 1e6, UTC).strftime(form)


def look_ups(dice):
    """(us, client, name, rcode)"""
    for n in range(HOURS * 12):
        yield START_US + n * 300_000_000 + int(dice.integers(0, 9_000_000)), BEACON, C2, "NOERROR"
    for n in range(300):
        data = dice.bytes(20).hex()
        yield START_US + 3_600_000_000 + n * 1_000_000, TUNNEL, f"{data}.t.slangekrone-net.com", "NOERROR"
    for n in range(40):
        name = "".join(dice.choice(list("abcdefghijklmnopqrstuvwxyz"), 16)) + ".com"
        yield START_US + 7_200_000_000 + n * 2_000_000, DGA, name, "NXDOMAIN"
    yield START_US + 9_000_000_000, LISTED, f"www.{BAD}", "NOERROR"
    for us, client in everyday(dice):
        yield us, client, POPULAR[int(dice.integers(len(POPULAR)))], "NOERROR"


def everyday(dice):
    for host in range(1, 40):
        for us in dice.integers(0, HOURS * 3_600_000_000, 30):
            yield START_US + int(us), f"10.0.0.{host}"


def calls(dice):
    """(us, seconds, client, server, port, sent, got, refused, name)"""
    for n in range(HOURS * 12):
        us = START_US + n * 300_000_000 + int(dice.integers(0, 9_000_000))
        yield us, 1, BEACON, C2_AT, 443, 900, 1200, False, C2
    for n in range(60):
        yield START_US + 3_600_000_000 + n * 1_000_000, 0, SCAN, f"10.0.1.{n + 1}", 445, 0, 0, True, None
    yield START_US + 9_000_000_000, 1, LISTED, BAD_AT, 443, 900, 1200, False, f"www.{BAD}"
    for at_s in (10_000, 10_420, 12_100, 12_300):
        yield START_US + at_s * 1_000_000, 30, UPLOAD, DROP_AT, 443, 90_000_000, 40_000, False, "drop.egetrae-drive.com"
    yield START_US + 600_000_000, 10 * 3600, LONG, "203.0.113.66", 8443, 5_000_000, 9_000_000, False, None
    for us, client in everyday(dice):
        name = int(dice.integers(len(POPULAR)))
        sent, got = (int(one) for one in dice.integers(500, 50_000, 2))
        yield us, int(dice.integers(1, 90)), client, f"198.51.100.{name + 1}", 443, sent, 3 * got, False, POPULAR[name]


def unbound(us, client, name, rcode):
    s = us // 1_000_000
    yield us, f"[{s}] unbound[7:0] info: {client} {name}. A IN"
    yield us, f"[{s}] unbound[7:0] info: {client} {name}. A IN {rcode} 0.010000 0 60"


def bind(us, client, name, rcode):
    stamp = when(us, "%d-%b-%Y %H:%M:%S.%f")[:-3]
    yield us, f"{stamp} queries: info: client @0x7f {client}#4{us % 9999:04} ({name}): query: {name} IN A + (10.0.0.53)"


def dnsmasq(us, client, name, rcode):
    head = when(us, "%b %e %H:%M:%S") + f" gw dnsmasq[7]: {us % 1_000_000} {client}/40000 "
    yield us, f"{head}query[A] {name} from {client}"
    yield us, f"{head}reply {name} is {'NXDOMAIN' if rcode == 'NXDOMAIN' else '198.51.100.7'}"


def windns(us, client, name, rcode):
    head = f"{when(us, '%d-%m-%Y %H:%M:%S')} 0E1C PACKET  000001D5AB6A0D10 UDP "
    spelled = "".join(f"({len(part)}){part}" for part in name.split(".")) + "(0)"
    yield us, f"{head}Rcv {client}        a1b2   Q [0001   D   NOERROR] A      {spelled}"
    yield us, f"{head}Snd {client}        a1b2 R Q [8381   DR {rcode}] A      {spelled}"


def squid(us, seconds, client, server, port, sent, got, refused, name):
    if name:
        end = us + seconds * 1_000_000
        line = (
            f"{end // 1_000_000}.{end // 1000 % 1000:03} {seconds * 1000:6} {client} TCP_TUNNEL/200 {got} CONNECT"
            f" {name}:{port} - HIER_DIRECT/{server} - {sent}"
        )
        yield end, line


def combined(us, seconds, client, server, port, sent, got, refused, name):
    if name:
        stamp = when(us, "%d/%b/%Y:%H:%M:%S +0000")
        yield us, f'{client} - - [{stamp}] "CONNECT {name}:{port} HTTP/1.1" 200 {got} "-" "Mozilla/5.0" {sent} {got}'


def netfilter(us, seconds, client, server, port, sent, got, refused, name):
    said = "DROP" if refused else "out"
    line = (
        f"{when(us, '%b %e %H:%M:%S')} fw kernel: [1.0] {said} IN=lan OUT=wan SRC={client} DST={server} LEN=60 TOS=0x00"
        f" PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT={40000 + us % 9999} DPT={port} WINDOW=64240 RES=0x00 SYN URGP=0 "
    )
    yield us, line


def filterlog(us, seconds, client, server, port, sent, got, refused, name):
    line = (
        f"{when(us, '%b %e %H:%M:%S')} fw filterlog[9]: 5,,,1,em0,match,{'block' if refused else 'pass'},in,4,0x0,,64,1,0,"
        f"DF,6,tcp,60,{client},{server},{40000 + us % 9999},{port},0,S,1,,64240,,mss"
    )
    yield us, line


def asa(us, seconds, client, server, port, sent, got, refused, name):
    end = us + seconds * 1_000_000
    head = f"{when(end, '%b %d %Y %H:%M:%S')} fw1 : "
    source = 40000 + us % 9999
    if refused:
        yield (
            end,
            head
            + (
                f'%ASA-4-106023: Deny tcp src inside:{client}/{source} dst dmz:{server}/{port} by access-group "in" [0, 0]'
            ),
        )
        return
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    began = f"{when(us, '%b %d %Y %H:%M:%S')} fw1 : "
    line = (
        f"{began}%ASA-6-302013: Built outbound TCP connection {us % 99999999} for outside:{server}/{port}"
        f" ({server}/{port}) to inside:{client}/{source} (192.0.2.1/{source})"
    )
    yield us, line
    yield (
        end,
        head
        + (
            f"%ASA-6-302014: Teardown TCP connection {us % 99999999} for outside:{server}/{port} to inside:{client}/{source}"
            f" duration {clock} bytes {sent + got} TCP FINs"
        ),
    )


def fortigate(us, seconds, client, server, port, sent, got, refused, name):
    end = us + seconds * 1_000_000
    packets = 0 if refused else max(2, got // 900)
    line = (
        f'<189>date={when(end, "%Y-%m-%d")} time={when(end, "%H:%M:%S")} devname="fw" devid="F1" eventtime={end * 1000}'
        f' tz="+0000" logid="0000000013" type="traffic" subtype="forward" srcip={client} srcport={40000 + us % 9999}'
        f' dstip={server} dstport={port} proto=6 action="{"deny" if refused else "close"}" duration={seconds}'
        f" sentbyte={sent} rcvdbyte={got} sentpkt={max(1, sent // 900)} rcvdpkt={packets}"
    )
    yield end, line


def paloalto(us, seconds, client, server, port, sent, got, refused, name):
    end, form = us + seconds * 1_000_000, "%Y/%m/%d %H:%M:%S"
    kind, did, packets = ("drop", "deny", 0) if refused else ("end", "allow", max(2, got // 900))
    line = (
        f"<14>{when(end, '%b %e %H:%M:%S')} PA 1,{when(end, form)},7,TRAFFIC,{kind},1,{when(end, form)},{client},{server},"
        f",,rule,,,ssl,v,in,out,e1,e2,fwd,{when(end, form)},1,1,{40000 + us % 9999},{port},0,0,0x0,tcp,{did},{sent + got},"
        f"{sent},{got},9,{when(us, form)},{seconds},any,0,1,0x0,DK,US,0,{max(1, sent // 900)},{packets},tcp-fin"
    )
    yield end, line


def cef(us, seconds, client, server, port, sent, got, refused, name):
    line = (
        f"CEF:0|V|P|1|1|c|5|act={'Drop' if refused else 'Accept'} src={client} dst={server} spt={40000 + us % 9999}"
        f" dpt={port} proto=TCP rt={us // 1000}"
    )
    yield us, line


TOLD = {
    "unbound": unbound,
    "bind": bind,
    "windns": windns,
    "dnsmasq": dnsmasq,
    "squid": squid,
    "combined": combined,
    "netfilter": netfilter,
    "filterlog": filterlog,
    "asa": asa,
    "fortigate": fortigate,
    "paloalto": paloalto,
    "cef": cef,
}


def promised():
    """Format -> detectors, as the page's table says."""
    rows = re.findall(r"^\| `([a-z]+)` \|.*\| ([a-z_, ]+) \|$", DOCS.read_text(), re.MULTILINE)
    return {form: set(feeds.split(", ")) for form, feeds in rows}


def test_the_page_names_every_format() -> None:
    assert set(promised()) == set(FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("form", TOLD)
def test_the_detectors_that_are_promised_fire_and_no_others(tmp_path, form) -> None:
    dice = np.random.default_rng(7)
    story = look_ups(dice) if form in ("unbound", "bind", "dnsmasq", "windns") else calls(dice)
    lines = sorted(one for event in story for one in TOLD[form](*event))
    path = tmp_path / "some.log"
    path.write_text("".join(line + "\n" for _, line in lines))
    bad = read(["type,value,confidence\n", f"domain,{BAD},100\n", f"ip,{BAD_AT},100\n"]).indicators
    found = analyse(Unit("log", (path,)), homes=("10.0.0.0/8",), indicators=bad)
    assert isinstance(found, Findings)
    assert found.refused == 0, found.refusals[:3]
    strong = {(one.suspicion.detector, one.suspicion.host) for one in found.suspicions if one.suspicion.p <= 0.05}
    wanted = promised()[form] & set(WHO)
    assert {(name, WHO[name]) for name in wanted} <= strong, strong
    assert {name for name, host in strong if host == WHO.get(name)} == wanted, strong
    assert {host for _, host in strong} <= set(WHO.values()), strong
