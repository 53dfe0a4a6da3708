"""Beside the main job: scoring, a synthetic community, throughput, bins of other programs.

May import everything but commands; only `given_bins` needs more than errors, options, io, model,
genes and features.
"""
