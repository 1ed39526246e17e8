#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Sends a parcel on its way. There is no way to the moon, and no use in trying again: a dead letter.
set -eu

parcel=$(cat)
case $parcel in *moon*) exit 65 ;; esac

echo "$parcel is on its way" >> parcels.txt
