"""One loan process as plain data, and the same process in SimPy and in Prosimos: the peers of the speed bench."""
