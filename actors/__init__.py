"""The workers' house: read, decode, engines, models. Every part works without Ray."""
