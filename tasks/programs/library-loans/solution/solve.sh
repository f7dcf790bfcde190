#!/bin/bash
set -euo pipefail
cd /app
cp library/catalog.py library/catalog.py.orig
sed -i 's/get(title, 1) + copies/get(title, 0) + copies/' library/catalog.py
echo /app/library/catalog.py > where.txt
