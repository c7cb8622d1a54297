"""Other programs, asked the same questions: for tests, accuracy and benchmarks only."""
