#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import json

def merge(low, high):
    result = dict(low)
    for key, value in high.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merge(result.get(key, {}), value)
        elif isinstance(value, list):
            known = result.get(key, [])
            result[key] = known + [entry for entry in value if entry not in known]
        else:
            result[key] = value
    return result

base, override = (json.load(open(f"/app/{name}.json")) for name in ("base", "override"))
json.dump(merge(base, override) | {"source": "merged"}, open("/app/merged.json", "w"), indent=2)
EOF
