"""The course: exercises, lessons, the bug museum, worksheets."""
