"""Fakes that implement the ports and pass the same contract suites as the real adapters."""
