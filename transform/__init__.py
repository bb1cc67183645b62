"""Text to ids and back, as pure string-tensor functions shared by training, evaluation and serving."""
