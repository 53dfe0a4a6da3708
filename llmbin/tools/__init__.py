"""Beside the main job: scoring, a synthetic community, throughput of this machine.

May import errors, options, io, model, genes and features.
"""
