"""Report: takes a run, gives one page of HTML that needs nothing else: no network, no script.

Whatever comes from files (names, labels, cells) is escaped; the page's policy forbids scripts and requests.
"""

from deepstep.docstrings import complete
from deepstep.report.diagnosis import findings_of
from deepstep.report.page import report, write_report
from deepstep.report.rows import Rows, kept_rows, rows_of

__all__ = ["Rows", "findings_of", "kept_rows", "report", "rows_of", "write_report"]

complete({name: globals()[name] for name in __all__})
