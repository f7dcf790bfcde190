#!/bin/bash
set -euo pipefail
python3 - <<'EOF'
from openpyxl import Workbook, load_workbook

rows = []
for sheet in load_workbook("/app/timesheets.xlsx"):
    if sheet.title != "Template":
        for row in sheet.iter_rows(min_row=2, values_only=True):
            if row[2] is not None:
                rows.append((sheet.title, *row[:3]))
merged = Workbook()
merged.active.title = "All"
merged.active.append(["Month", "Date", "Person", "Hours"])
for row in sorted(rows, key=lambda row: row[1]):
    merged.active.append(row)
merged.save("/app/all_hours.xlsx")
EOF
