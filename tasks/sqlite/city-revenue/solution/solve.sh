#!/bin/bash
set -euo pipefail
sqlite3 /app/shop.db > /app/revenue.csv <<'EOF'
.headers on
.mode list
.separator ,
SELECT c.city AS city, printf('%.2f', sum(o.amount)) AS revenue
FROM orders o JOIN customers c ON c.id = o.customer_id
WHERE o.status = 'paid' GROUP BY c.city ORDER BY sum(o.amount) DESC LIMIT 4;
EOF
