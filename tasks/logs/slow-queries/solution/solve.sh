#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import re
slow = []
for line in open("/app/queries.log"):
    found = re.search(r"T(\S+) query=(\S+) user=(\S+) took=([\d.]+)(ms|s) ", line)
    if found:
        took = round(float(found[4]) * (1 if found[5] == "ms" else 1000))
        if took > 800 and found[3] != "batch":
            slow.append((took, found[1], found[2]))
slow.sort(key=lambda entry: -entry[0])
with open("/app/slow.txt", "w") as target:
    for took, time, name in slow:
        print(time, name, took, file=target)
EOF
