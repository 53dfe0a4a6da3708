"""llmbin-fast: metagenomic binning with a genomic language model.

The command line is :mod:`llmbin.cli`; the program reads top-down from :mod:`llmbin.pipeline`.
"""

__version__ = "0.4.0"
