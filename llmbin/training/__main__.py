"""``python -m llmbin.training``: ``llmbin-fast train`` for launchers such as torchrun."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
