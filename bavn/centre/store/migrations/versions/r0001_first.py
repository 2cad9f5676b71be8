"""The first revision: every table that the centre has."""

from bavn.centre.store.migrations.versions.first import cases, intelligence, members, rounds, share, work

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    members.run()
    members.members()
    members.rollout()
    members.partners()
    rounds.rounds()
    rounds.log()
    cases.cases()
    cases.indicators()
    cases.questions()
    cases.switch()
    intelligence.intelligence()
    work.work()
    work.warnings()
    share.share()
    share.publish()
