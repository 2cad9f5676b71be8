"""A process that serves a stand-in centre until it is told to end; prints its port."""

import importlib.util
import sys
from pathlib import Path

from bavn.app.centre.server import CentreServer

spec = importlib.util.spec_from_file_location("stand", Path(__file__).with_name("conftest.py"))
stand = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand)

folder = Path(sys.argv[1])
centre = stand.StandInCentre(folder)
server = CentreServer(centre, stand.settings_for(centre, folder))
print(server.port, centre.authority.fingerprint, centre.enrolment.invite("region-a"), flush=True)
server.run()
centre.close()
print("ended in order", flush=True)
