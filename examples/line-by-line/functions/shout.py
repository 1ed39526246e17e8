#!/usr/bin/env python3
# hydrant: protocol = "stdio", on = { type = "demo.said" }
"""Replies to what was said with the same in capitals."""

import json
import sys

for line in sys.stdin:
    event = json.loads(line)
    said = event.get("data")
    if not isinstance(said, str):
        # Another attempt would find the same: to the dead letters at once.
        answer = {"error": "the data is no text", "retry": False}
    else:
        answer = {"specversion": "1.0", "id": "shout-" + event["id"], "source": "shout", "type": "demo.shouted",
                  "datacontenttype": "text/plain", "data": said.upper()}
    print(json.dumps(answer), flush=True)
