"""From contigs to bins: metric, tree, cut, separation, recruitment, splitting and joining.

May import `genes`, `model`, `coverage`, `resources` and `errors`.
"""
