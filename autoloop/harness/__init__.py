"""The runtime that agent.py runs on, inside the agent container. Standard library only.

It is mounted read-only, started as `python3 -I main.py`, and no part of what can be edited.
"""
