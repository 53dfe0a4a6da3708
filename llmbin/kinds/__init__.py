"""What kind of thing a contig or a bin is: a bacterium, a virus, a eukaryote.

May import `estimator` and what stands above it in docs/design.md.
"""
