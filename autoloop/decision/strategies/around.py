"""What strategies share that let another one search and have a say in its verdicts."""

from dataclasses import dataclass

from autoloop.ports import Strategy


@dataclass(frozen=True, slots=True)
class Around:
    """Goes by the name and the ways of the strategy within."""

    inner: Strategy

    @property
    def name(self) -> str:
        """That of the strategy within."""
        return self.inner.name

    @property
    def mixes(self) -> bool:
        """As the strategy within."""
        return self.inner.mixes
