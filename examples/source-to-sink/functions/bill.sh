#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Writes a bill for an order. A record that is no CloudEvent arrives as one of type dev.knative.kafka.event.
set -eu

echo "bill for $(cat)" >> bills.txt
