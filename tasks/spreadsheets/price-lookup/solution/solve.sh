#!/bin/bash
set -euo pipefail
python3 - <<'EOF'
from openpyxl import load_workbook

workbook = load_workbook("/app/order.xlsx")
prices = {}
for article, _, price in workbook["Prices"].iter_rows(min_row=4, max_col=3, values_only=True):
    prices[article.strip().upper()] = price
unknown = set()
sheet = workbook["Order"]
for row in range(5, sheet.max_row + 1):
    article = sheet.cell(row, 2).value.strip().upper()
    if article not in prices:
        unknown.add(article)
    sheet.cell(row, 4, prices.get(article, "n/a"))
workbook.save("/app/order_priced.xlsx")
with open("/app/unknown.txt", "w") as out:
    out.writelines(article + "\n" for article in sorted(unknown))
EOF
