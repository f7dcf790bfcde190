#!/bin/bash
set -euo pipefail

grep -F 'Failed password' /app/auth.log | grep -oP 'from \K\S+(?= port)' | grep -v '^192\.168\.' \
  | sort | uniq -c | awk '$1 >= 5 { print $2, $1 }' \
  | jq -Rn '[inputs | split(" ") | {key: .[0], value: (.[1] | tonumber)}] | from_entries' \
  > /app/attackers.json
