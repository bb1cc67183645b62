"""Translation of whole files with an exported model, on Beam."""
