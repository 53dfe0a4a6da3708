"""Training: genomes to shards, a language model, a projector and marker genes, then a pack.

Needs the extra ``train``; nothing at inference imports it. `settings` has every number to turn.
It may import ``llmbin.export`` and every package of ``llmbin`` but `commands`.
"""
