"""What was chosen for exported graphs, and what a pack promises of them.

INT8's numbers are from docs/notes/2026-11-25-int8-correction.md.
"""

from __future__ import annotations

OPSET = 20

# Windows of real sequence: INT8 is calibrated on the first, and all precisions are judged by
# the second.
CALIBRATION, CHECK = 512, 32

# INT8: windows at a time; windows that ranges are taken from (more only meet more outliers); and
# what the correction adds to each variance, as a part of the mean one.
CALIBRATION_BATCH = 8
RANGES = 64
RIDGE = 1e-3

# Promises of a pack: FP32 is PyTorch's answer, FP16 and INT8 are close to it.
MOST_DIFFERENT = {"fp32": 1e-5}
LEAST_COSINE = {"fp32": 0.999999, "fp16": 0.9995, "int8": 0.995}
