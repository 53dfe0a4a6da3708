"""Proof that a machine computes what it should: what it is, checks, rates, and a report of them.

May import everything but training and commands.
"""
