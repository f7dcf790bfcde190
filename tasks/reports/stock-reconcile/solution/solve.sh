#!/bin/bash
set -euo pipefail
python3 - <<'EOF'
import csv
import json
from collections import Counter

def rows(path):
    return list(csv.DictReader(open(path), delimiter=";"))

counted = Counter()
for aisle in "abc":
    for row in rows(f"/app/counts/aisle_{aisle}.csv"):
        counted[row["Article no."].upper()] += int(row["Qty"])
book = {row["Article no."]: int(row["Qty"]) for row in rows("/app/book.csv")}
differences = [(counted[a] - q, a, q) for a, q in book.items() if counted[a] != q]
with open("/app/differences.csv", "w") as out:
    print("article,booked,counted,difference", file=out)
    for difference, article, booked in sorted(differences):
        print(article, booked, counted[article], difference, sep=",", file=out)
summary = {
    "articles": len(book),
    "differing": len(differences),
    "surplus": sum(d[0] for d in differences),
}
json.dump(summary, open("/app/summary.json", "w"))
with open("/app/not_counted.txt", "w") as out:
    out.writelines(a + "\n" for a in sorted(book) if a not in counted)
EOF
