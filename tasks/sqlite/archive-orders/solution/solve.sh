#!/bin/bash
set -euo pipefail
sqlite3 /app/warehouse.db <<'EOF'
CREATE TABLE OrdersArchive AS SELECT *, '2025-01-31' AS ArchivedOn FROM Orders
WHERE substr(OrderDate, 7) < '2023' AND Status <> 'open';
CREATE TABLE LinesArchive AS SELECT * FROM OrderLines
WHERE OrderNo IN (SELECT OrderNo FROM OrdersArchive);
DELETE FROM OrderLines WHERE LineNo IN (SELECT LineNo FROM LinesArchive);
DELETE FROM Orders WHERE OrderNo IN (SELECT OrderNo FROM OrdersArchive);
.output /app/archived.json
SELECT json_object('orders', (SELECT count(*) FROM OrdersArchive), 'lines', (SELECT count(*) FROM LinesArchive));
EOF
