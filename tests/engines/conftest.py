"""What of this folder is no test."""

collect_ignore = ["interpreted.py"]  # a script, which needs Triton
