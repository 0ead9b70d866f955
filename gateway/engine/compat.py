"""The names of graphql-core that the engine can't do without and that have no promise of staying.

Beside these functions it leans on its executor: ``tests/engine/test_compat.py`` has a test of each
name, and says what to mend where a new version drops one.
"""

from __future__ import annotations

from graphql.execution.executor import CollectedErrors, invalid_return_type_error

__all__ = ["CollectedErrors", "invalid_return_type_error"]
