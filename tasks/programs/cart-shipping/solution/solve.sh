#!/bin/bash
set -euo pipefail
sed -i 's/amount > FREE_FROM/amount >= FREE_FROM/' /app/cart.py
echo shipping > /app/changed.txt
