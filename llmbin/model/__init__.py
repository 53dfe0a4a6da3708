"""Model packs and what runs them: windows, batches, encoders, devices, engines, the projector.

May import errors, options and io.
"""
