"""The demo of a shop that is described by a mapping: one flat file, and its planted truth."""
