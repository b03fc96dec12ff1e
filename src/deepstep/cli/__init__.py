"""The command line: takes what a person types, gives answers on stdout, progress on stderr and an exit code.

One file for each command. Nothing imports this package.
"""
