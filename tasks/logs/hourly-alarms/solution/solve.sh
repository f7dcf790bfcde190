#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import re
from collections import Counter
counts = Counter()
for path in ("/app/app.log.1", "/app/app.log"):
    for line in open(path):
        found = re.match(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d):\S+ (ERROR|FATAL|WARN)\b", line)
        if found:
            day, month, year, hour, level = found.groups()
            counts[f"{year}-{month}-{day} {hour}", level == "WARN"] += 1
with open("/app/hours.csv", "w") as target:
    print("hour,errors,warnings", file=target)
    for hour in sorted({hour for hour, _ in counts}):
        print(hour, counts[hour, False], counts[hour, True], sep=",", file=target)
    sums = [sum(n for (_, warns), n in counts.items() if warns == kind) for kind in (False, True)]
    print("total", *sums, sep=",", file=target)
EOF
