#!/bin/bash
set -euo pipefail

{
  echo path,failures
  awk '$2 != "10.0.0.9" && $10 >= 500 { sub(/\?.*/, "", $8); print $8 }' /app/access.log \
    | LC_ALL=C sort | uniq -c | LC_ALL=C sort -k1,1nr -k2,2 | head -n 5 | awk '{ print $2 "," $1 }'
} > /app/failing.csv
