"""Training of model packs and markers. Needs the extra ``train``."""
