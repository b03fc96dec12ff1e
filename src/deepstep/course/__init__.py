"""The course: exercises, and a grader that names the mistake in a submission."""
