#!/bin/bash
set -euo pipefail

tr 'A-Z' 'a-z' < /app/speech.txt | grep -oE "[a-z'-]+" \
  | grep -vxFf <(grep -v '^#' /app/stopwords.txt | tr 'A-Z' 'a-z') \
  | sort | uniq -c | sort -k1,1nr -k2,2 | head -n 10 | awk '{ print $2, $1 }' > /app/words.txt
