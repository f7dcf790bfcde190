#!/bin/bash
set -euo pipefail
cd /app/scans
find . -type f -not -path './originals/*' | sed 's|^\./||' | LC_ALL=C sort | while IFS= read -r old; do
    name=$(basename "$old" | sed 's/^Scan //' | tr 'A-Z ' 'a-z_' | sed 's/\.jpeg$/.jpg/')
    new="$(dirname "$old")/$name"
    mv "$old" "$new"
    echo "$old,$new"
done > /tmp/rows
{ echo old,new; cat /tmp/rows; } > /app/renamed.csv
