#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Greets whoever the data names, and replies with a greeting.
#   hydrant send demo.greet Ada --wait
#
# It names no event type, so it gets what is called like itself: `greet`, `demo.greet`, `shop.greet`.
set -eu

name=$(cat)
if [ -z "$name" ]; then
    echo "nobody to greet: the event has no data" >&2
    exit 65 # another attempt would find no name either: to the dead letters at once
fi

# What came from outside goes into JSON as base64 and as a hash only, so there is nothing to escape. The id
# depends on the event alone: greeting it a second time gives the same reply, not another one.
id=$(printf '%s %s' "$CE_SOURCE" "$CE_ID" | sha256sum | cut -c 1-32)
data=$(printf 'Hello, %s!' "$name" | base64 | tr -d '\n')

cat <<JSON
{"specversion": "1.0", "id": "$id", "source": "functions/greet", "type": "demo.greeting",
 "datacontenttype": "text/plain", "data_base64": "$data"}
JSON
