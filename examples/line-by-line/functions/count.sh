#!/bin/sh
# hydrant: protocol = "stdio", on = { type = "demo.*" }
#
# Counts the events it sees for as long as it lives. One event a line comes in, one line of answer goes out.
n=0
while read -r event; do
    n=$((n + 1))
    echo "event number $n has ${#event} characters" >&2 # the log; stdout is for answers
    echo '{}' # delivered, and no reply
done
