"""Training: genomes to shards, a language model, a projector and marker genes, then a pack.

Needs the extra ``train``; nothing at inference imports it. `settings` has every number to turn.
It may import the rest of ``llmbin`` but the command line, and ``llmbin.export``, never the reverse.
"""
