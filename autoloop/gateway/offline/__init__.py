"""A seeded stand-in for a language model, so that everything runs without a key."""
