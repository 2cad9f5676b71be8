"""All tables of the centre, of every room: what the revisions in ``store`` must lead to. A test compares them."""

from typing import Final

from sqlalchemy import MetaData

from bavn.centre.books.tables import METADATA as NODE
from bavn.centre.cases.case.work_tables import METADATA as WORK
from bavn.centre.cases.indicators.tables import METADATA as INDICATORS
from bavn.centre.cases.intelligence.tables import METADATA as INTEL
from bavn.centre.cases.questions import METADATA as QUESTIONS
from bavn.centre.cases.sector_switch import METADATA as SWITCH
from bavn.centre.cases.set_apart import METADATA as APART
from bavn.centre.cases.tables import METADATA as CASES
from bavn.centre.cases.warnings.tables import METADATA as WARNINGS
from bavn.centre.members.partner_tables import METADATA as PARTNERS
from bavn.centre.members.tables import METADATA as MEMBERS
from bavn.centre.publish.tables import METADATA as PUBLISH
from bavn.centre.share.tables import METADATA as SHARE
from bavn.centre.store.log_tables import METADATA as LOG
from bavn.centre.store.tables import METADATA as STORE

METADATA: Final[tuple[MetaData, ...]] = (
    STORE,
    LOG,
    MEMBERS,
    PARTNERS,
    NODE,
    CASES,
    INDICATORS,
    QUESTIONS,
    INTEL,
    WORK,
    WARNINGS,
    SWITCH,
    APART,
    SHARE,
    PUBLISH,
)
