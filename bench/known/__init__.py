"""Processes whose expected results are known, by theory or by one very long simulation."""
