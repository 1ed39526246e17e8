#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Sends a parcel on its way.
set -eu

echo "$(cat) is on its way ($CE_TYPE from $CE_SOURCE)" >> parcels.txt
