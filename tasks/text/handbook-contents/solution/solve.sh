#!/bin/bash
set -euo pipefail

python3 - <<'EOF'
import re
inside = False
with open("/app/contents.md", "w") as target:
    for line in open("/app/handbook.md"):
        inside ^= line.startswith("```")
        found = re.match(r"(###?) (.*)", line)
        if found and not inside and not found[2].startswith("Internal"):
            print("  " * (len(found[1]) - 2) + "- " + found[2].strip(), file=target)
EOF
