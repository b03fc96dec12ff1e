"""Report: one self-contained page of HTML about a run, without scripts and requests.

Texts from files (names, labels, cells) are escaped; the content security policy of the page forbids scripts
and requests.
"""

from deepstep.report.diagnosis import findings_of
from deepstep.report.page import report, write_report

__all__ = ["findings_of", "report", "write_report"]
