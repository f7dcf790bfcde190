"""Keep rules and intervals."""
