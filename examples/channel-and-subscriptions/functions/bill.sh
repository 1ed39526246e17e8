#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Writes a bill for an order.
set -eu

echo "bill for $(cat)" >> bills.txt
