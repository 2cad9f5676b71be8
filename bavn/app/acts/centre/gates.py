"""The centre's gates, opened after a rule failed. Expect what waits behind one to pass by itself then."""

from bavn.app.access.rights import Right
from bavn.app.acts.act import act
from bavn.app.acts.gates import opened

open_gate = act(Right.MEMBERS, only="command")(opened)
