#!/bin/bash
set -euo pipefail

cat /app/default.env /app/local.env | sed 's/^export //' | grep -E '^[A-Z_]+=' \
  | awk -F= '{ value = substr($0, length($1) + 2); all[$1] = value }
             END { for (name in all) if (name !~ /^DEBUG_/ && all[name] != "")
                     print name "=" (all[name] ~ / / ? "\"" all[name] "\"" : all[name]) }' \
  | LC_ALL=C sort > /app/final.env
