"""All tables of the centre, of every room: what the revisions in ``store`` must lead to. A test compares them."""

from typing import Final

from sqlalchemy import MetaData

from bavn.centre.cases.exercise_tables import METADATA as EXERCISES
from bavn.centre.cases.indicator_tables import METADATA as INDICATORS
from bavn.centre.cases.intel_tables import METADATA as INTEL
from bavn.centre.cases.questions import METADATA as QUESTIONS
from bavn.centre.cases.sector_switch import METADATA as SWITCH
from bavn.centre.cases.tables import METADATA as CASES
from bavn.centre.cases.warning_tables import METADATA as WARNINGS
from bavn.centre.cases.work_tables import METADATA as WORK
from bavn.centre.members.partner_tables import METADATA as PARTNERS
from bavn.centre.members.rollout_tables import METADATA as ROLLOUT
from bavn.centre.members.tables import METADATA as MEMBERS
from bavn.centre.node.tables import METADATA as NODE
from bavn.centre.publish.tables import METADATA as PUBLISH
from bavn.centre.share.tables import METADATA as SHARE
from bavn.centre.store.tables import METADATA as STORE

METADATA: Final[tuple[MetaData, ...]] = (
    STORE, MEMBERS, ROLLOUT, PARTNERS, NODE, CASES, INDICATORS, QUESTIONS, INTEL, WORK, WARNINGS, EXERCISES, SWITCH,
    SHARE,
    PUBLISH,
)  # fmt: skip
