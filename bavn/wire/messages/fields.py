"""Texts and numbers that several messages share, each with its bound. Refuses to say whose they are: a message's field
carries its privacy class."""

from typing import Annotated, Final

from pydantic import Field

from bavn.model.forms import FORMS_PATTERN
from bavn.model.record import RECORD_TYPES
from bavn.model.sector.alarm import NODE_KINDS
from bavn.model.sector.canary import LINKS, WHYS
from bavn.model.sector.work import TEXT_CHARS_MAX

Hex16 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Tag = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ReceiptTag = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ActorName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Tier = Annotated[str, Field(pattern=r"^[A-Z][a-z0-9-]{0,15}$")]
Forms = Annotated[str, Field(pattern=rf"^{FORMS_PATTERN}$")]
Technique = Annotated[str, Field(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
Detector = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
Hour = Annotated[int, Field(ge=0, le=2_000_000)]
X = Annotated[int, Field(ge=1, lt=2**31 - 1)]
_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
IndicatorId = Annotated[str, Field(pattern=f"^indicator--{_UUID}$")]
TableIndex = Annotated[int, Field(ge=0, lt=40)]
BinIndex = Annotated[int, Field(ge=0, lt=2**31)]
ObservableKind = Annotated[str, Field(pattern=r"^(ip4|ip6|domain|ja3|ja4|cert|sha256|fp-pair|chain)$")]
QuestionNumber = Annotated[int, Field(ge=0, lt=20)]
CaseId = Annotated[str, Field(pattern=r"^case-[0-9a-f]{16}$")]
CaseText = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Moment = Annotated[int, Field(ge=0, lt=2**53)]
Noised = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
WarningId = Annotated[str, Field(pattern=r"^warning-[0-9a-f]{16}$")]
AlarmKind = Annotated[str, Field(pattern=rf"^({'|'.join(NODE_KINDS)})$")]
RecordType = Annotated[str, Field(pattern=rf"^({'|'.join(RECORD_TYPES)})$")]
ChainLinkName = Annotated[str, Field(pattern=rf"^({'|'.join(LINKS)})$")]
ChainWhy = Annotated[str, Field(pattern=rf"^({'|'.join(WHYS)})?$")]
LogSize = Annotated[int, Field(ge=0, lt=2**48)]
M_MAX: Final = 150_000
CELLS_MAX: Final = M_MAX
PLANES_BYTES_MAX: Final = 72_000_000
"""A round of t=3, M=150,000, R=20: the largest that travels in one piece."""
LEFT_MAX: Final = 1_000_000
"""What a part or a verdict counts at most of what it has no room for."""
