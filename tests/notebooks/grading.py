"""What nbgrader (schema 3) is told of the two cells of an exercise: students change the one, the other marks it.

nbgrader is no dependency: this is metadata in the notebook, which everything else ignores.  Under nbgrader, and only
there, `check` raises for what is not done.
"""

from __future__ import annotations

GRADED = {"make-stub": {"solution": True}, "make-check": {"grade": True, "locked": True, "points": 1}}


def graded(cell_id: str, lesson: str) -> dict[str, object]:
    """The `nbgrader` metadata of an exercise's cell.  Its `grade_id` never changes."""
    settings = {"grade": False, "solution": False, "locked": False, "task": False, **GRADED[cell_id]}
    return {"schema_version": 3, "cell_type": "code", "grade_id": f"lesson-{lesson}-{cell_id}", **settings}
