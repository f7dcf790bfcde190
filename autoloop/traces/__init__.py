"""Reads recorded traces piece by piece: found by offset, however large they are."""

from autoloop.traces.library import TraceLibrary, read_transcript

__all__ = ["TraceLibrary", "read_transcript"]
