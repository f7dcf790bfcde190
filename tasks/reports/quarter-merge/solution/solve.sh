#!/bin/bash
set -euo pipefail
awk -F, 'FNR == 1 { next } { row[$1] = $0; amount[$1] = $4 } END { for (o in row) if (amount[o] + 0 != 0) print row[o] }' \
    /app/january.csv /app/february.csv /app/march.csv | sort -t, -k2,2 -k1,1 > /tmp/body
{ echo order,date,customer,amount; cat /tmp/body; } > /app/quarter.csv
