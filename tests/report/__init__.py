"""What recorded runs look like."""
