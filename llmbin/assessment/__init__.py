"""Quality of the bins of any binner: what is given, one pass over it, estimates, tables.

May import everything but training, export and commands.
"""
