"""Course: exercises with a grader, lessons that a teacher writes, and worksheets."""
