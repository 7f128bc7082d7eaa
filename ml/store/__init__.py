"""The only folder of this package that reads and writes: matrices out, parameter rows in."""
