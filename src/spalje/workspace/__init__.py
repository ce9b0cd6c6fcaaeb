"""The composition root: a folder in; stores, code, executor, runner, projects and CI out."""

from spalje.workspace.workspace import MARK, Replay, Workspace, definition_of, now

__all__ = ["MARK", "Replay", "Workspace", "definition_of", "now"]
