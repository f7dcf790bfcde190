#!/bin/bash
set -euo pipefail
python3 - <<'EOF'
from decimal import ROUND_HALF_UP, Decimal

from openpyxl import load_workbook

workbook = load_workbook("/app/invoices.xlsx")
sheet = workbook["Lines"]
sheet.cell(1, 6, "Net")
total = Decimal(0)
for row in range(2, sheet.max_row + 1):
    quantity, price, discount = (Decimal(str(sheet.cell(row, c).value)) for c in (3, 4, 5))
    net = (quantity * price * (100 - discount) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    sheet.cell(row, 6, float(net))
    total += net
last = sheet.max_row + 1
sheet.cell(last, 1, "Total")
sheet.cell(last, 6, float(total))
workbook.save("/app/invoices_net.xlsx")
EOF
