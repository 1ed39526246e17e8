#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Packs an order, and replies with the parcel.
set -eu

# Base64 and a hash need no escaping in JSON; the same order always makes the same parcel.
id=$(printf '%s %s' "$CE_SOURCE" "$CE_ID" | sha256sum | cut -c 1-32)
data=$(base64 | tr -d '\n')

cat <<JSON
{"specversion": "1.0", "id": "$id", "source": "functions/pack", "type": "shop.parcel",
 "datacontenttype": "text/plain", "data_base64": "$data"}
JSON
