"""How the bundled planner was made. Not in the wheel."""
