"""The log of the centre as bytes: tree, tiles, signed checkpoints, cosignatures, entries. Pure: no I/O, clock or dice.

Formats: RFC 6962 (hashing, proofs), C2SP tlog-tiles, tlog-checkpoint, signed-note and tlog-cosignature (Ed25519).
"""
