"""`vau-agent eval`: run benchmarks, score predictions, compare, report."""
