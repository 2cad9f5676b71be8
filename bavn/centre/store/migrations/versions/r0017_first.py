"""The first revision: every table that the centre has.

Its number is that of the last step of the way here, which nobody walked but its authors (docs/decisions/0029): a
database that stands at 0017 has these tables already.
"""

from bavn.centre.store.migrations.versions.first import cases, intelligence, members, rounds, share, work

revision = "0017"
down_revision = None


def upgrade() -> None:
    """Upward only: what was there before is in a backup."""
    members.run()
    members.members()
    members.rollout()
    members.partners()
    rounds.rounds()
    cases.cases()
    cases.indicators()
    cases.questions()
    cases.switch()
    intelligence.intelligence()
    work.work()
    work.warnings()
    work.exercises()
    share.share()
    share.publish()
