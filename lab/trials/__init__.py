"""Scenarios with known truth: run in guests, judged by leakscope, compared with the truth."""
