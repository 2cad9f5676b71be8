"""Acceptance and final operations test: one file for each check, at the node and at the centre; the protocol of both.

Refuses to decide that an actor may go on: a person does, with the protocol (docs/rollout.md).
"""
