"""Predictions over HTTP: rows as JSON or CSV, answers as JSON or CSV (``deepstep serve``).

`application` needs the extra ``serve``; the other modules read rows and write answers for everyone.
"""
