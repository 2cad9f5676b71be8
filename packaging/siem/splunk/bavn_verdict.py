"""Splunk's alert action of alert_actions.conf, in the app's bin folder: one verdict to the own node, by the event's id.

The result must have ``event.id`` (form ecs) or ``externalId`` (form cef) of a suspicion that Bavn told. What the node
answers goes to Splunk's log; with anything but a verdict the action fails. Said twice within a day it is one verdict.
"""

import json
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT_S = 20


def request_of(payload: dict) -> urllib.request.Request:
    """The request that an alert's payload becomes."""
    wanted, result = payload["configuration"], payload["result"]
    body = {
        "event": result.get("event.id") or result["externalId"],
        "verdict": wanted["verdict"],
        "days": int(wanted["days"]) if wanted.get("days") else None,
        "comment": wanted.get("comment") or payload["search_name"],
        "analyst": payload.get("owner", ""),
    }
    token = Path(wanted["token_file"]).read_text(encoding="ascii").strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return urllib.request.Request(wanted["url"], json.dumps(body).encode(), headers, method="POST")


def main() -> int:
    """0 once the node has it."""
    payload = json.load(sys.stdin)
    ca_file = payload["configuration"].get("ca_file") or None
    context = ssl.create_default_context(cafile=ca_file)
    try:
        with urllib.request.urlopen(request_of(payload), timeout=TIMEOUT_S, context=context) as answer:
            number = json.load(answer)["verdict"]["number"]
    except urllib.error.HTTPError as error:
        print(f"ERROR the node answered {error.code}: {error.read(2000).decode(errors='replace')}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ERROR the node was not reached: {error}", file=sys.stderr)
        return 1
    print(f"INFO the node has it as verdict {number}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
