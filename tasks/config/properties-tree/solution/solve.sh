#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import json, re

def typed(text):
    if "," in text:
        return [part.strip() for part in text.split(",")]
    return json.loads(text) if re.fullmatch(r"[\d.]+|true|false", text) else text

tree = {}
for line in open("/app/app.properties"):
    found = re.match(r"([\w.]+)\s*[=:]\s*(.*)", line)
    if found and "secret" not in found[1]:
        *folders, leaf = found[1].split(".")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[leaf] = typed(found[2].strip())
json.dump(tree, open("/app/app.json", "w"), indent=2)
EOF
