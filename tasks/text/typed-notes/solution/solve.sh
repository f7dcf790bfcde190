#!/bin/bash
set -euo pipefail

tr -d '\r' < /app/notes.txt | grep -v '^%%' | sed -E 's/[ \t]+$//' | cat -s \
  | sed 's/colour/color/g; s/Colour/Color/g; s/harbour/harbor/g' > /app/notes_clean.txt
