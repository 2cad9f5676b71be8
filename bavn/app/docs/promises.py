"""The page of promises: what node, centre and key holder promise while they run, who must act, and what to do first."""

from collections.abc import Mapping, Sequence

from bavn.app.centre.health import CENTRE_PROMISES
from bavn.app.keyholder.health import KEYHOLDER_PROMISES
from bavn.app.node.health.promises import NODE_PROMISES
from bavn.model.health import ACTS, Promise

SERVICES: Mapping[str, Sequence[Promise]] = {
    "The node (`bavn node health`)": NODE_PROMISES,
    "The centre (`bavn centre health`)": CENTRE_PROMISES,
    "The key holder (`bavn keyholder health`)": KEYHOLDER_PROMISES,
}
HEAD = """# What well means

Each service promises the following while it runs, and checks it. It is well only where every promise was checked and
is kept: one that was not checked yet is said to be so, and is not well either (exit code 10). The same list is in
`health.json` (at the centre `centre-health.json`, at the key holder `keyholder-health.json`), the node's and the
centre's metrics (`bavn_promise_kept`, `bavn_promise_unchecked`, `bavn_promise_since_timestamp_seconds`), and the node's
console. A promise about something that a service does not have (a key holder, rules) is not made.

Who must act may be said otherwise by what broke the promise: where the centre refuses a node it is the centre, where
it does not answer it is waited out first. This page is made from the code (`script/docs`).
"""


def promise_page() -> str:
    """The whole page."""
    lines = [HEAD]
    for name, promises in SERVICES.items():
        lines += [f"## {name}", "", "| code | promise | who must act | first |", "|---|---|---|---|"]
        lines += [f"| `{one.code}` | {one.says.en} | {ACTS[one.act].en} | {one.first.en} |" for one in promises]
        lines += [""]
    return "\n".join(lines)
