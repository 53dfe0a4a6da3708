"""Files: plain and compressed streams, FASTA, BGZF, the output folder of a run.

May import errors and signals.
"""
