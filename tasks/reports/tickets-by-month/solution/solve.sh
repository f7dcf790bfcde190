#!/bin/bash
set -euo pipefail
python3 - <<'EOF'
from collections import Counter

tickets = {}
for name in ("north", "south"):
    for line in open(f"/app/{name}.csv").read().splitlines()[1:]:
        ticket, opened, _, state, minutes = line.split("|")
        tickets[ticket] = (opened[6:] + "-" + opened[3:5], state, int(minutes))
count, minutes = Counter(), Counter()
for month, state, spent in tickets.values():
    if state != "spam":
        count[month] += 1
        minutes[month] += spent
with open("/app/by_month.csv", "w") as out:
    print("month,tickets,minutes", file=out)
    for month in sorted(count):
        print(month, count[month], minutes[month], sep=",", file=out)
EOF
