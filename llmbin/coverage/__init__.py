"""Depth of coverage: BAM and CRAM files, depth tables, samples, and what makes them doubtful.

May import errors and io.
"""
