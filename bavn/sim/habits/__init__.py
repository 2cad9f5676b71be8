"""What hosts do all day. One file for each family of habits: a habit takes a scene and gives flows."""

from collections.abc import Callable, Iterator
from typing import Final

from bavn.sim.flows import Flows
from bavn.sim.habits import hospital, machines, office, outsiders
from bavn.sim.habits.scene import Scene

Habit = Callable[[Scene], Iterator[Flows]]

HABITS: Final[tuple[Habit, ...]] = (
    office.browsing, office.patient_record, office.files_and_logons, office.printing,
    machines.clocks, machines.windows, machines.reputation, machines.mail, machines.backups, machines.visitors,
    hospital.results, hospital.images, hospital.vendors, hospital.building,
    hospital.monitor, hospital.rollout, hospital.release,
    outsiders.scanner, outsiders.strays, outsiders.inventory,
)  # fmt: skip
"""Every habit; each draws from dice of its own, so that one more changes none of the others."""
