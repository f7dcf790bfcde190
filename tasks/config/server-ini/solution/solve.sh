#!/bin/bash
set -euo pipefail

sed -E '/^legacy_tls /d; /^\[http\]/,/^\[ftp\]/s/^port : 80.*/port : 8443/; s/^\[http\]/; moved to TLS\n&/' \
  /app/server.ini > /app/server.new.ini
printf '\n[backup]\nevery : 6h\n' >> /app/server.new.ini
