#!/bin/bash
set -euo pipefail
sqlite3 /app/catalog.db <<'EOF'
BEGIN;
CREATE TABLE price_changes(product_id INTEGER, old_price REAL, new_price REAL);
INSERT INTO price_changes SELECT ProductNo, price, round(price * 1.05, 2) FROM products
WHERE category = 'Garden' AND discontinued = 0;
UPDATE products SET price = (SELECT new_price FROM price_changes WHERE product_id = ProductNo)
WHERE ProductNo IN (SELECT product_id FROM price_changes);
COMMIT;
EOF
