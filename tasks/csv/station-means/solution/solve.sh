#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import csv
from collections import defaultdict
lines = [line for line in open("/app/readings.csv") if not line.startswith("#")]
stations = defaultdict(list)
for row in csv.DictReader(lines, delimiter="|"):
    if row["temp"]:
        stations[row["station"]].append((float(row["temp"]), float(row["wind"])))
with open("/app/summary.csv", "w") as target:
    print("station,readings,mean_temp,top_wind", file=target)
    for name in sorted(stations):
        temps, winds = zip(*stations[name])
        print(name, len(temps), round(sum(temps) / len(temps), 1), max(winds), sep=",", file=target)
EOF
