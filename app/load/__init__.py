"""The load of many annotators on a running server, through API v1: what `touchstone bench` and the benchmarks measure."""
