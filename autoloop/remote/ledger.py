"""What runs at a backend, written down, so that what a dead process left can be ended."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from autoloop.records import Environment


class Running(BaseModel):
    """An environment that was started and not yet ended."""

    session: str
    folder: Path
    dockerfile: Path | None
    compose: Path | None
    image: str | None

    def environment(self) -> Environment:
        """As much of it as ending it takes."""
        return Environment(
            folder=self.folder,
            dockerfile=self.dockerfile,
            compose=self.compose,
            image=self.image,
        )


class Ledger:
    """One file for each environment that runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, session: str, environment: Environment) -> None:
        """Write it down, before it is started."""
        self._folder.mkdir(parents=True, exist_ok=True)
        running = Running(
            session=session,
            folder=environment.folder.absolute(),
            dockerfile=environment.dockerfile,
            compose=environment.compose,
            image=environment.image,
        )
        self._path(session).write_text(running.model_dump_json(), encoding="utf-8")

    def strike(self, session: str) -> None:
        """It has ended."""
        self._path(session).unlink(missing_ok=True)

    def running(self) -> tuple[Running, ...]:
        """Everything written down and not struck; what a power cut damaged is struck here."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append(Running.model_validate_json(path.read_bytes()))
            except ValidationError:
                path.unlink(missing_ok=True)
        return tuple(found)

    def _path(self, session: str) -> Path:
        return self._folder / f"{session}.json"
