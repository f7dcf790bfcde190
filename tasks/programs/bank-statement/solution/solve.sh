#!/bin/bash
set -euo pipefail
cd /app
sed -i 's/line.strip() and line/line.strip() or line/' bank/reading.py
sed -i 's/<= -limit/< -limit/' bank/reports.py
sed -i 's/2\.0\.2/2.0.3/' bank/__init__.py
sed -i '1i - 2.0.3 balances and limits mended' NEWS
printf 'reading.py\nreports.py\n' > repaired.txt
