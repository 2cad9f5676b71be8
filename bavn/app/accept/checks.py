"""The checks at the node, in the order in which they are run and shown. A new one is its file, its cases and its name
here."""

from typing import Final

from bavn.app.accept.capture import CaptureCheck
from bavn.app.accept.certificates import CertificateCheck
from bavn.app.accept.check import Check
from bavn.app.accept.clock import ClockCheck
from bavn.app.accept.days import DaysCheck
from bavn.app.accept.detectors import DetectorCheck
from bavn.app.accept.door import DoorCheck
from bavn.app.accept.holders import KeyHolderCheck
from bavn.app.accept.load import LoadCheck
from bavn.app.accept.protection import ProtectionCheck
from bavn.app.accept.reach import ReachCheck
from bavn.app.accept.recovery import RecoveryCheck
from bavn.app.accept.round import RoundCheck
from bavn.app.accept.rules import RuleCheck

CHECKS: Final[tuple[Check, ...]] = (
    ClockCheck(),
    CertificateCheck(),
    ReachCheck(),
    KeyHolderCheck(),
    CaptureCheck(),
    RuleCheck(),
    DetectorCheck(),
    DoorCheck(),
    RoundCheck(),
    ProtectionCheck(),
    RecoveryCheck(),
    LoadCheck(),
    DaysCheck(),
)
