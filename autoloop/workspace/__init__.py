"""The project's git repository, read and written without touching what the user works on."""

from autoloop.workspace.repository import GitWorkspace, LoggedEdit

__all__ = ["GitWorkspace", "LoggedEdit"]
