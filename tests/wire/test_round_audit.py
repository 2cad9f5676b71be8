"""How often an auditor finds a hit that a centre dropped, over rounds made here, and what a reader of files takes."""

from dataclasses import replace
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bavn.psi.identifier import LocalIdentifiers
from bavn.psi.planes import tables_of
from bavn.psi.reconstruct import reconstruct
from bavn.psi.round import RoundParams
from bavn.psi.share import generate
from bavn.tlog.bad import BadLog
from bavn.tlog.checkpoint import Checkpoint, signed, witness_of
from bavn.tlog.draw import (
    commitment,
    drawn_tables,
    hits_content,
    opening_text,
    table_hash,
    table_salt,
    upload_hash,
    uploads_root,
)
from bavn.tlog.entries import Entry, content_hash, sealed
from bavn.tlog.merkle import inclusion, leaf_hash, root
from bavn.tlog.note import key_from
from bavn.traffic.dice import SeededDice
from bavn.wire.round_audit import AuditUpload, DrawnTable, Included, RoundAuditFile, audit_round, round_audit_of

LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
KEY = key_from("bavn/test", LOG)
NODES = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, 4)]
WITNESSES = [witness_of(node.public_key().public_bytes_raw()) for node in NODES]
SALT = b"s" * 32
HELD = [f"{n:014x}".encode()[:14] for n in range(6)]


def params_of(number, t=2, r=4):
    return RoundParams(
        version=1,
        epoch=20_000,
        round_id=number.to_bytes(16),
        registry_version=1,
        tier="A",
        t=t,
        m=8,
        r=r,
    )


def a_round(number, *, t=2, r=4, centre=lambda hits: hits, opens=3):
    """A round of three that hold the same six elements. ``centre``: which of the true hits it calls hits, said before
    any value is opened; ``opens``: how many nodes open theirs."""
    params = params_of(number, t, r)
    key = LocalIdentifiers(b"k" * 32).of(params.epoch, params.tier).round_key(params)
    dice = SeededDice(number, "audit")
    shares = {x: generate(params, key, [(one, 1.0) for one in HELD], x, dice) for x in (1, 2, 3)}
    values = {x: dice.bytes(32) for x in shares}
    tables = {x: tables_of(share.planes) for x, share in shares.items()}
    hashes = {x: tuple(table_hash(each) for each in tables[x]) for x in shares}
    own = {x: upload_hash("0" * 32, commitment(values[x]), hashes[x]) for x in shares}
    found = {}
    for hit in centre(reconstruct(params, {x: share.planes for x, share in shares.items()})):
        found.setdefault(hit.cell.table, []).append((hit.cell.bin, hit.holders))
    content = hits_content(found, r, SALT)
    name = params.round_id.hex()
    described = {"description": content_hash(params.canonical()), "members": "0" * 64, "registry": 1, "tier": "A"}
    uploads = {"uploads": uploads_root(list(own.values())), "count": 3}
    entries = [
        Entry(kind="round", at_s=1, fields={"round": name, **described}).bytes(),
        Entry(kind="uploads", at_s=2, fields={"round": name, **uploads}).bytes(),
        Entry(kind="hits", at_s=2, fields={"round": name}, seal=sealed(content_hash(content), SALT)).bytes(),
    ]
    leaves = [leaf_hash(each) for each in entries]
    texts = {x: opening_text(name, entries[1], entries[2], own[x], values[x].hex()) for x in shares}
    opened = {x: values[x].hex() if x <= opens else "" for x in shares}
    drawn = drawn_tables(name, r, [value or None for value in opened.values()])
    return RoundAuditFile(
        params=params,
        note=signed(Checkpoint("bavn/test", 3, root(leaves)), LOG).text(),
        included=tuple(
            Included(entry.decode(), at, tuple(each.hex() for each in inclusion(at, 3, lambda a, b: root(leaves[a:b]))))
            for at, entry in enumerate(entries)
        ),
        uploads=tuple(
            AuditUpload(
                x,
                "0" * 32,
                commitment(values[x]),
                hashes[x],
                opened[x],
                NODES[x - 1].sign(texts[x]).hex() if opened[x] else "",
                WITNESSES[x - 1].name,
            )
            for x in shares
        ),
        salt=SALT.hex(),
        seals=tuple(content["hits"]),
        tables=tuple(
            DrawnTable(
                table,
                table_salt(SALT, table).hex(),
                tuple(found.get(table, ())),
                tuple(tables[x][table] for x in shares),
            )
            for table in drawn
        ),
    )


def dropping(table):
    """A centre that drops one hit of a table; it lies in every table that holds one."""
    return lambda hits: [hit for hit in hits if hit != next((one for one in hits if one.cell.table == table), None)]


@pytest.mark.parametrize(("t", "r"), [(2, 4), (3, 4), (2, 10)])
def test_an_honest_round_holds(t, r) -> None:
    report = audit_round(a_round(1, t=t, r=r), KEY)
    assert report.good
    assert [each.check for each in report.findings] == ["signature", "entries", "uploads", "draw", "hits", "recomputed"]


@pytest.mark.slow
@pytest.mark.parametrize("r", [4, 10])
def test_a_hit_dropped_from_one_table_is_caught_once_in_r_rounds(r) -> None:
    """200 rounds; the centre chooses the table before any value is opened."""
    caught, rounds, chance = 0, 200, Random(1)
    for number in range(rounds):
        table = chance.randrange(r)
        file = a_round(number, r=r, centre=dropping(table))
        report = audit_round(file, KEY, ())
        assert report.evidence is (file.tables[0].table == table)
        caught += report.evidence
    assert abs(caught - rounds / r) < 4 * (rounds * (1 / r) * (1 - 1 / r)) ** 0.5


def test_a_hit_dropped_everywhere_or_added_is_found_at_once() -> None:
    """Whichever table is drawn: all hits of the round are gone."""
    assert all(audit_round(a_round(number, centre=lambda _: []), KEY).evidence for number in range(10))

    def adding(hits):
        return [*hits, *(replace(hit, holders=(1, 3)) for hit in hits if hit.holders != (1, 3))]

    assert audit_round(a_round(3, centre=adding), KEY).evidence


def test_who_withholds_a_value_is_named_and_saves_nothing() -> None:
    for table in range(4):
        file = a_round(7, centre=dropping(table), opens=2)
        report = audit_round(file, KEY)
        assert len(file.tables) == 4
        assert report.evidence
        assert any(each.says.say("en").endswith("no value came of x 3.") for each in report.findings)


def test_a_table_that_the_centre_would_rather_show_is_not_taken_and_what_is_written_is_read() -> None:
    """It is caught by its draw, and shows another table of the same round, well opened."""
    file = a_round(2)
    other = a_round(2, opens=2).tables[(file.tables[0].table + 1) % 4]
    report = audit_round(replace(file, tables=(other,)), KEY)
    assert not report.good
    assert report.findings[-1].check == "draw"
    file = a_round(5)
    assert round_audit_of(b"".join(file.pieces())) == file


@given(at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_file_that_was_changed_anywhere_is_never_evidence_of_a_dropped_hit(at, byte) -> None:
    raw = bytearray(RAW)
    raw[at % len(raw)] = byte
    try:
        report = audit_round(round_audit_of(bytes(raw)), KEY)
    except BadLog:
        return
    assert not any(each.evidence and each.check != "signature" for each in report.findings)


@given(raw=st.binary(max_size=300))
def test_no_bytes_are_more_than_no_audit(raw) -> None:
    with pytest.raises(BadLog):
        round_audit_of(b"bavn/round-audit/v1\n" + raw)


RAW = b"".join(a_round(5).pieces())
