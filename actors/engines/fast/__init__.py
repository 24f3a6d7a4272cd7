"""The fast engine: PaddleOCR's models, detection and recognition scheduled over whole batches of pages."""
