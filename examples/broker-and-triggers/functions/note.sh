#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Notes every event that it sees.
set -eu

echo "$CE_TYPE from $CE_SOURCE" >> seen.txt
