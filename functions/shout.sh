#!/bin/sh
# Says a greeting again, louder. Its settings and its event type are in shout.toml beside it.
set -eu

data=$(tr '[:lower:]' '[:upper:]' | base64 | tr -d '\n')
id=$(printf '%s %s' "$CE_SOURCE" "$CE_ID" | sha256sum | cut -c 1-32)

cat <<JSON
{"specversion": "1.0", "id": "$id", "source": "functions/shout", "type": "demo.shouted",
 "datacontenttype": "text/plain", "data_base64": "$data"}
JSON
