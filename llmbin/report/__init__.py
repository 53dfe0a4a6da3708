"""The report of a finished run: one page to look at, and the same for MultiQC.

May import errors, options, io, cluster (for the map) and results; made from a run's files alone.
"""
