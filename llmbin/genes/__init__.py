"""What genes say of contigs: single-copy markers and quality, RNA genes, homologous stretches.

May import `io` and `errors`.
"""
