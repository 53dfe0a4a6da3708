"""Beside the sequencer: a folder is followed, and binned again whenever it has changed.

May import all of a run (`pipeline` and below), and proof for the machine's energy.
"""
