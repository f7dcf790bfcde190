"""autoloop."""
