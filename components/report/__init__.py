"""The report of a run: one page of HTML, and a model card in Markdown, readable without anything else."""
