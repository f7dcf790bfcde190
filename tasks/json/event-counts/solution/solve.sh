#!/bin/bash
set -euo pipefail

jq -s 'unique_by(.id) | map(select(.test | not)) | group_by(.type)
       | map(select(length >= 4) | {key: .[0].type, value: length}) | from_entries' \
  /app/events.jsonl > /app/counts.json
