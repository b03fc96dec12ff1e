"""The compiled engine: the equations as fused kernels that Numba compiles, one call for many steps.

Takes an architecture, parameters and settings; gives `CompiledSession`. What it cannot do, `why_not` says.
"""
