"""Fuzzing: bytes of any kind at everything that reads what strangers wrote. `python -m tests.fuzz --help`."""
