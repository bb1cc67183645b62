"""The search for settings: trials of the model and its training, chosen by KerasTuner."""
