"""One step of the centre, put together from the rooms, and where rounds and leads are kept; no thinking here."""

from bavn.centre.node.build import open_centre
from bavn.centre.node.centre import Centre
from bavn.centre.node.config import CentreConfig, config_of
from bavn.centre.node.desk import Desk
from bavn.centre.node.tables import open_engine

__all__ = ["Centre", "CentreConfig", "Desk", "config_of", "open_centre", "open_engine"]
