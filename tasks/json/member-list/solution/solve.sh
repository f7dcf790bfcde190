#!/bin/bash
set -euo pipefail

jq -r '
  ["id", "name", "city", "plan"],
  ([.club.members[] | select(.status != "cancelled")] | sort_by(.joined) | reverse | .[]
   | [.id, .name, .address.city // "unknown", .subscription.plan // "unknown"])
  | map(tostring) | join(",")' /app/members.json > /app/members.csv
