#!/bin/bash
set -euo pipefail
cd /app/inbox
for file in *; do
    folder=other
    case "$file" in *.*) folder=$(echo "${file##*.}" | tr A-Z a-z) ;; esac
    [ "$folder" = jpeg ] && folder=jpg
    mkdir -p "/app/sorted/$folder"
    mv "$file" "/app/sorted/$folder/"
done
