"""The stages of a run: what each is given, what it says, and what it keeps for `--resume`.

May import everything below it: io, coverage, model, genes, features, cluster, results, report. Only
what puts stages in a row imports it: `llmbin.pipeline`, and `llmbin.tools.given_bins`.
"""
