#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import csv, re
by_mail = {}
for row in csv.DictReader(open("/app/contacts.tsv", newline=""), delimiter="\t"):
    name, mail, phone, last = (value.strip() for value in row.values())
    by_mail.pop(mail.lower(), None)
    by_mail[mail.lower()] = [name, mail.lower(), re.sub(r"\D", "", phone), last]
with open("/app/clean.csv", "w", newline="") as target:
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["name", "E-mail", "Phone", "Last contact"])
    writer.writerows(by_mail.values())
EOF
