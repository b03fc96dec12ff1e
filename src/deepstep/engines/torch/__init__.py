"""Stage 5, the torch engine: the equations on PyTorch's tensors, autograd off, on a CPU or a GPU.

Takes an architecture, parameters and settings; gives `TorchSession`. Nothing here imports PyTorch before a
session is opened. Columns are examples, inside as outside.
"""
