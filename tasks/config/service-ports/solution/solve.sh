#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import json, yaml
services = yaml.safe_load(open("/app/services.yaml"))["stack"]
ports = {
    "svc-" + service["name"]: int(service["ports"][0].split(":")[0])
    for service in services
    if service.get("enabled", True) and service.get("ports")
}
json.dump(ports, open("/app/ports.json", "w"), indent=2)
EOF
