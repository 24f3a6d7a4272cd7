"""Model weights: a catalogue, a verified cache, and where weights come from."""
