#!/bin/bash
set -euo pipefail
sqlite3 /app/crm.db <<'EOF'
CREATE TEMP TABLE kept AS SELECT lower(trim(Email)) AS mail, ContactID AS id, max(Changed) FROM contacts GROUP BY 1;
UPDATE calls SET ContactID = (
  SELECT kept.id FROM kept JOIN contacts c ON lower(trim(c.Email)) = kept.mail WHERE c.ContactID = calls.ContactID);
DELETE FROM contacts WHERE ContactID NOT IN (SELECT id FROM kept);
.output /app/removed.txt
SELECT changes();
EOF
