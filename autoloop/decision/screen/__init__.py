"""Many edits under test at once: each trial has some of them on, and informs about all."""
