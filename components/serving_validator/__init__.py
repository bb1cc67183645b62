"""The gate before the push: a model server has to load the model, and to answer real requests as the model does."""
