"""Completeness and contamination of bins, estimated by a network trained on simulated bins.

May import features and what it may import.
"""
