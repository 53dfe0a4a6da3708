"""From contigs' vectors, depths and evidence to bins: metric, tree, cut, recruitment, and so on.

May import `genes`, `model`, `depth`, `io`, `resources` and `errors`.
"""
