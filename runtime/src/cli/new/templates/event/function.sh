#!/bin/sh
# Gets events of type {{type}}: the data on stdin, the attributes as $CE_ID, $CE_TYPE, $CE_SOURCE, $CE_SUBJECT and so on.
#   hydrant send {{type}} '{"name":"Ada"}' --wait
#
# Exit code 0: done. 65: of no use, a dead letter at once. Anything else: it is tried again.
set -eu

data=$(cat)
echo "$CE_TYPE $CE_ID from $CE_SOURCE: $data" >&2 # goes to the log

# What is printed is the reply, an event itself; print nothing, and there is none. What came from outside may hold quotes:
# base64 needs no escaping in JSON.
hello=$(printf 'Hello, %s' "$data" | base64 | tr -d '\n')
cat <<JSON
{"specversion": "1.0", "source": "functions/{{name}}", "type": "{{type}}.reply",
 "datacontenttype": "text/plain", "data_base64": "$hello"}
JSON
