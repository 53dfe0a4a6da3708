"""Features of a part of the contigs in a file, and many such files as the features of all.

May import errors, progress, io, coverage, model, genes and features.
"""
