"""Experiments: each trace × cluster × policy × seed × load of a file is a cell that runs anywhere, and again."""
