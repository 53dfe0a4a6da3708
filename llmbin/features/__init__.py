"""One pass over the contigs: composition, vectors, markers and homology from one stream.

May import errors, progress, io, model and genes.
"""
