"""One file a subcommand: its arguments beside what they do.

May import everything, but heavy things only inside of functions.
"""
