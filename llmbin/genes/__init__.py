"""What genes say of contigs: single-copy markers, quality of bins, homologous stretches.

May import `io` and `errors`.
"""
