"""Benchmarks beside the limit of what the database can do, and beside a peer."""
