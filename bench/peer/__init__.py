"""The sides of the benchmarks: programs that run in the environment of what they measure."""
