"""The race of `benchmarks/speed.py`: the same work for every engine, in processes that take turns.

`workloads` says what is done, `entrants` has a module for each engine that does it, `worker` is the
process one of them lives in, `rounds` lets the workers take turns and measures, `judgement` says whose
costs are right, `table` prints.
"""
