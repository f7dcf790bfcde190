#!/bin/bash
set -euo pipefail
cd /app/project
{ echo path,bytes
  find . \( -name node_modules -o -name .cache \) -prune -o -type f -size +0c -printf '%P,%s\n' |
    LC_ALL=C sort -t, -k2,2nr -k1,1
} > /app/inventory.csv
