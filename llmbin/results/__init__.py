"""What a run leaves: summaries of bins, tables, sequences, the record.

May import everything but report, stages, pipeline, tools and commands.
"""
