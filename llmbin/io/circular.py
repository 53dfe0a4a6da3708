"""Which contigs are circles, as assemblers say it in the lines that name them.

metaMDBG and Unicycler write ``circular=yes`` and ``circular=true`` behind the name, Dragonflye
``circular=Y``, Canu ``suggestCircular=yes``, NCBI ``[topology=circular]``; myloasm writes
``_circular-yes_`` into it (``-possibly`` is none); names of hifiasm, hifiasm-meta and miniasm end
in ``c``: ``s0.ctg000001c``.
"""

from __future__ import annotations

import re

SAID = re.compile(
    r"(?:(?<![a-z])(?:suggest)?circular[=-](?:yes|true|y)|(?<![a-z])topology=circular)(?![a-z])",
    re.IGNORECASE,
)
NAMED = re.compile(r"(?<![a-z])[a-z]\d?tg\d{6,}c$")


def says_circle(name: str, description: str) -> bool:
    """Whether a contig's name, or what stands behind it, says that it is a circle."""
    return bool(SAID.search(description) or NAMED.search(name) or SAID.search(name))
