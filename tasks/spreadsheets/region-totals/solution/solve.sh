#!/bin/bash
set -euo pipefail
python3 - <<'EOF'
from collections import Counter

from openpyxl import load_workbook

totals = Counter()
for _, region, status, amount in load_workbook("/app/sales.xlsx").active.iter_rows(
    min_row=2, values_only=True
):
    if status != "cancelled":
        totals[region] += amount
with open("/app/region_totals.csv", "w") as out:
    print("region,total", file=out)
    for region, total in totals.most_common():
        print(f"{region},{total:.2f}", file=out)
EOF
