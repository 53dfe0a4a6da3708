"""From points to bins: metric, neighbours, tree, cut, recruitment, relatives.

May import errors, resources, io, depth, model and genes.
"""
