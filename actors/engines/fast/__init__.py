"""The fast engine: PaddleOCR's models, with detection and recognition scheduled over whole batches of pages."""
