#!/bin/bash
set -euo pipefail
cat > /tmp/q.sql <<'EOF'
.mode csv
.import /app/customers.csv c
.import /app/orders.csv o
.separator , "\n"
.headers on
.output /app/spend.csv
SELECT c.name AS customer, count(o.order_no) AS orders, printf('%.2f', coalesce(sum(o.amount), 0)) AS total
FROM c LEFT JOIN o ON o.customer_id = c.customer_id AND o.placed_on LIKE '2024-%'
GROUP BY c.customer_id ORDER BY coalesce(sum(o.amount), 0) DESC, c.name;
EOF
sqlite3 < /tmp/q.sql
