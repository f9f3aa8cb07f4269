"""Between the dicts of an environment and the tokens of the model, one file per action space."""
