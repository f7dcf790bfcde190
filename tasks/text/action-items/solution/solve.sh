#!/bin/bash
set -euo pipefail

grep -E '^ *ACTION [A-Za-z]+: ' /app/minutes.txt | grep -vF '[done]' \
  | sed -E 's/^ *ACTION ([A-Za-z])([A-Za-z]*): (.*)$/\U\1\L\2\E: \3/; s/ \([0-9]+\)$//' \
  | sort -s -t: -k1,1 > /app/todo.txt
