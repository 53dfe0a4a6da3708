"""Export: PyTorch models to the ONNX graphs of a pack, each checked against what it came from.

Needs the extra ``export``; nothing at inference imports it. `settings` has what was chosen.
It may import ``llmbin.model``, ``llmbin.io``, ``llmbin.errors`` and the kernels.
"""
