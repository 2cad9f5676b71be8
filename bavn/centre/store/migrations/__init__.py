"""The history of the centre's tables (Alembic). A revision stands for itself: it imports no room, whose tables go on
changing. How to add one: CONTRIBUTING.md, "A table"."""
