#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import csv
from decimal import ROUND_HALF_UP, Decimal
CENT = Decimal("0.01")
total = Decimal(0)
with open("/app/invoice.csv", newline="") as source, open("/app/priced.csv", "w", newline="") as target:
    reader = csv.DictReader(source, delimiter=";")
    writer = csv.DictWriter(target, [*reader.fieldnames, "amount"], delimiter="\t", lineterminator="\n")
    writer.writeheader()
    for row in reader:
        amount = int(row["quantity"]) * Decimal(row["unit_price"].replace(",", "."))
        if int(row["quantity"]) >= 10:
            amount *= Decimal("0.8")
        row["amount"] = amount.quantize(CENT, ROUND_HALF_UP)
        total += row["amount"]
        writer.writerow(row)
    writer.writerow({"position": "TOTAL", "amount": total})
EOF
