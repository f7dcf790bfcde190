"""The runtime that agent.py runs on, inside the agent container.

It is mounted read-only, started as `python3 -I main.py`, and no part of what can be edited. The
standard library is all it needs; what runs an agent of Harbor is loaded where agent.py is one.
"""
