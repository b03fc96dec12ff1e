"""Stage 5, the torch engine: the explicit equations on torch tensors, autograd off, on a CPU or a GPU.

Takes an architecture, parameters and settings; gives `TorchSession`. Nothing here imports PyTorch before a
session is opened. Inside rows are examples, as PyTorch's kernels have them; outside the contract's columns.
"""
