"""Says by code what failed trials have in common, from their recorded traces."""

from autoloop.diagnosis.grouping import SymptomDiagnosis

__all__ = ["SymptomDiagnosis"]
