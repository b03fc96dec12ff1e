"""The exit codes of the command line.

====  ===============================================================
code  meaning
====  ===============================================================
0     good
1     a check failed, or training diverged
2     wrong usage or wrong input
130   interrupted
141   the reader of the output went away (``| head``), as a shell says it
====  ===============================================================
"""

GOOD, FAILED, WRONG_INPUT, INTERRUPTED, READER_GONE = 0, 1, 2, 130, 141
