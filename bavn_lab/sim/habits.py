"""What hosts do all day. One file for each family of habits: a habit takes a scene and gives flows."""

from collections.abc import Callable, Iterator
from typing import Final

from bavn.traffic import machines
from bavn.traffic.flows import Flows
from bavn.traffic.scene import Scene
from bavn_lab.sim import hospital, office, outsiders

Habit = Callable[[Scene], Iterator[Flows]]

HABITS: Final[tuple[Habit, ...]] = (
    office.browsing,
    office.patient_record,
    office.files_and_logons,
    office.printing,
    machines.clocks,
    machines.windows,
    machines.reputation,
    machines.mail,
    machines.backups,
    machines.visitors,
    hospital.results,
    hospital.images,
    hospital.vendors,
    hospital.building,
    hospital.monitor,
    hospital.rollout,
    hospital.release,
    outsiders.scanner,
    outsiders.strays,
    outsiders.inventory,
)
"""Every habit; each draws from dice of its own, so that one more changes none of the others."""
