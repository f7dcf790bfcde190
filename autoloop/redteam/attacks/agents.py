"""Hostile agent.py files, put together from what they do."""

from textwrap import dedent, indent

from autoloop.redteam.attack import PLAYED
from autoloop.redteam.secrets import PREFIX

TOKENS = rf"({PREFIX}|autoloop-canary)-[0-9a-z-]+"
"""What all that is hidden looks like: attackers know it, and search for nothing else."""


def solving(body: str, *, top: str = "") -> str:
    """agent.py with this body of `solve`; at its end it notes that the attack was played."""
    lines = indent(dedent(body).strip("\n"), "    ")
    return (
        f"{dedent(top)}\n\ndef solve(instruction, env, model):\n{lines}\n    env.note({PLAYED!r})\n"
    )


def shell(*commands: str) -> str:
    """agent.py that runs commands in the task's container, each of which must succeed."""
    scripts = [dedent(command).strip() for command in commands]
    return solving(
        f"""
        for command in {scripts!r}:
            done = env.run(command, timeout_s=50)
            assert done.exit_code == 0, f"{{command}}: {{done.stdout}} {{done.stderr}}"
        """
    )


def trying(*commands: str) -> str:
    """agent.py that runs commands in the task's container, whatever comes of each."""
    scripts = [dedent(command).strip() for command in commands]
    return solving(f"for command in {scripts!r}:\n    env.run(command, timeout_s=30)")
