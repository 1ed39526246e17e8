#!/bin/sh
# hydrant: protocol = "oneshot", on = { type = "demo.*" }
#
# Notes every event of the demo. Replies with nothing, so nothing follows from it.
set -eu

echo "audit: $CE_TYPE $CE_ID from $CE_SOURCE, $(wc -c | tr -d ' ') bytes" >&2
