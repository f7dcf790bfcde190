#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import csv
with open("/app/orders.csv", newline="") as source, open("/app/open_orders.csv", "w", newline="") as target:
    rows = [r for r in csv.DictReader(source, delimiter=";") if r["status"] in {"open", "backorder"}]
    rows.sort(key=lambda r: r["due_date"])
    keep = ["order_no", "customer", "status", "due_date", "items"]
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["order", *keep[1:]])
    writer.writerows([row[column] for column in keep] for row in rows)
EOF
