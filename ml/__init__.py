"""Pure functions: features to matrices, matrices to parameters, parameters to rows."""
