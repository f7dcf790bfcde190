"""`python -m autoloop.sandbox PROJECT [FOLDER]` makes the agent image; called by setup.sh."""

import sys
import time
from pathlib import Path

from autoloop.errors import AutoloopError
from autoloop.sandbox.agent_image import DEFAULT_FOLDER, AgentImage
from autoloop.sandbox.cli import DockerCli
from autoloop.sandbox.engine import connect
from autoloop.sandbox.images import Images


def main(arguments: list[str]) -> int:
    """Build the agent image unless it is here; the exit code."""
    project = Path(arguments[0] if arguments else ".")
    folder = arguments[1] if len(arguments) > 1 else DEFAULT_FOLDER
    try:
        api = connect()
        image = AgentImage(api, Images(api, DockerCli()), project=project, folder=folder)
        if image.find() is None:
            started = time.monotonic()
            image.id()
            sys.stdout.write(f"Built {image.tag} in {time.monotonic() - started:.0f} s.\n")
    except AutoloopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
