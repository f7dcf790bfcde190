#!/bin/bash
set -euo pipefail
python3 - <<'EOF'
import re
import tarfile
from pathlib import Path

logs, archive = Path("/app/logs"), Path("/app/archive")
archive.mkdir(exist_ok=True)
months = {}
for path in sorted(logs.rglob("*.log")):
    day = re.search(r"-(\d{8})\.log$", path.name)
    if day and day[1] < "20240301":
        if path.stat().st_size:
            months.setdefault(f"{day[1][:4]}-{day[1][4:6]}.tar.gz", []).append(path)
        else:
            path.unlink()
with open(archive / "manifest.csv", "w") as manifest:
    print("archive,files,bytes", file=manifest)
    for name, paths in sorted(months.items()):
        with tarfile.open(archive / name, "w:gz") as tar:
            for path in paths:
                tar.add(path, path.relative_to(logs))
        print(name, len(paths), sum(p.stat().st_size for p in paths), sep=",", file=manifest)
        for path in paths:
            path.unlink()
EOF
