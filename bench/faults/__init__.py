"""Faults on purpose: kills, writes that fail, two at once, little memory.

`jobs` are commands with small inputs and what they must give; `judge` says whether an ending was
right. `kills`, `writes`, `places`, `together` and `memory` are the kinds of fault, each with trials
without end. ``python -m bench.faults`` runs them; tests/faults runs a few of each.
"""
