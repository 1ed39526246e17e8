#!/bin/sh
# hydrant: protocol = "oneshot"
#
# Large orders are looked at by a person: puts them on a list.
set -eu

echo "$CE_SUBJECT for $CE_TOTAL" >> review.txt
