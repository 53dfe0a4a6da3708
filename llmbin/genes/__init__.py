"""What genes tell: marker genes, quality of bins, homologous stretches.

May import errors and io.
"""
