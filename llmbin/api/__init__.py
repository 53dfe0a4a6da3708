"""What `import llmbin` offers: the commands as functions that give arrays (docs/api.md).

A thin layer: arguments become files and options, results become tables of arrays. It prints
nothing, and says what the command line says to the logger ``llmbin``.

May import everything but export, training and commands.
"""

import logging

logging.getLogger("llmbin").addHandler(logging.NullHandler())
