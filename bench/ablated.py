"""llmbin-fast without homology, for which there is no option: nobody should want it.

python -m bench.ablated run contigs.fasta ...
"""

from __future__ import annotations

import sys

from llmbin.cli import main
from llmbin.genes import homology

if __name__ == "__main__":
    homology.HomologySearch.pairs = lambda self: homology.no_homology()  # type: ignore
    sys.exit(main(sys.argv[1:]))
