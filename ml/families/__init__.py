"""A family of models is a module: fit, predict, to rows of parameters and back."""
