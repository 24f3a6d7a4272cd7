"""The version of the reading order: a part of each output's fingerprint."""

VERSION = "3"
"""Raised whenever the same lines come in another order, or another text: outputs are then not mixed."""
