"""What scapy writes as NetFlow is read as scapy meant it."""

import pytest
from collecting import BOOT_MS, NOW_MS, Collecting
from scapy.layers.netflow import (
    NetflowDataflowsetV9,
    NetflowFlowsetV9,
    NetflowHeader,
    NetflowHeaderV5,
    NetflowHeaderV9,
    NetflowRecordV5,
    NetflowRecordV9,
    NetflowTemplateFieldV9,
    NetflowTemplateV9,
)

CLIENT, SERVER = "10.1.0.5", "203.0.113.9"
UP_MS = NOW_MS - BOOT_MS


@pytest.mark.slow
def test_v5(tmp_path, engine) -> None:
    head = NetflowHeader(version=5) / NetflowHeaderV5(
        count=1, sysUptime=UP_MS, unixSecs=NOW_MS // 1000, unixNanoSeconds=0, flowSequence=7
    )
    record = NetflowRecordV5(
        src=CLIENT,
        dst=SERVER,
        srcport=50_000,
        dstport=443,
        prot=6,
        tcpFlags=0x1B,
        dpkts=11,
        dOctets=5123,
        first=UP_MS - 4000,
        last=UP_MS - 1000,
    )
    collecting = Collecting(tmp_path, engine)
    collecting.send(bytes(head / record)).settled()
    (row,) = collecting.rows()
    assert (row["src"], row["src_port"], row["dst"], row["dst_port"]) == (CLIENT, 50_000, SERVER, 443)
    assert (row["bytes_toserver"], row["pkts_toserver"], row["tcp_flags_ts"]) == (5123, 11, 0x1B)
    assert int(row["ts"].timestamp() * 1000) == NOW_MS - 4000
    assert int(row["ts_end"].timestamp() * 1000) == NOW_MS - 1000


@pytest.mark.slow
def test_v9(tmp_path, engine) -> None:
    names = ("IN_BYTES", "IN_PKTS", "PROTOCOL", "L4_SRC_PORT", "IPV4_SRC_ADDR", "L4_DST_PORT", "IPV4_DST_ADDR")
    kinds = {
        "IN_BYTES": (1, 4),
        "IN_PKTS": (2, 4),
        "PROTOCOL": (4, 1),
        "L4_SRC_PORT": (7, 2),
        "IPV4_SRC_ADDR": (8, 4),
        "L4_DST_PORT": (11, 2),
        "IPV4_DST_ADDR": (12, 4),
    }
    fields = [NetflowTemplateFieldV9(fieldType=kinds[n][0], fieldLength=kinds[n][1]) for n in names]
    told = NetflowFlowsetV9(templates=[NetflowTemplateV9(templateID=300, fieldCount=7, template_fields=fields)])
    raw = (
        (900).to_bytes(4)
        + (3).to_bytes(4)
        + bytes([17])
        + (50_000).to_bytes(2)
        + bytes([10, 1, 0, 5])
        + (53).to_bytes(2)
        + bytes([203, 0, 113, 9])
    )
    data = NetflowDataflowsetV9(templateID=300, records=[NetflowRecordV9(fieldValue=raw)])
    head = NetflowHeader(version=9) / NetflowHeaderV9(
        count=2, sysUptime=UP_MS, unixSecs=NOW_MS // 1000, packageSequence=1, SourceID=4
    )
    collecting = Collecting(tmp_path, engine)
    collecting.send(bytes(head / told / data)).settled()
    (row,) = collecting.rows()
    assert (row["src"], row["src_port"], row["dst"], row["dst_port"]) == (CLIENT, 50_000, SERVER, 53)
    assert (row["bytes_toserver"], row["pkts_toserver"], row["proto"]) == (900, 3, "udp")
