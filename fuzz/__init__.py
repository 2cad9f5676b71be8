"""Fuzzing as a habit: every parser and every route, fed what nobody meant to send. docs/invariants.md says how to run it.

The invariant: whatever comes lives through it, counts it, and answers the next honest one. Refuses to be imported by
the product.
"""
