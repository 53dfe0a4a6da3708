"""What was chosen for exported graphs.

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
