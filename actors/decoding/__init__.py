"""What a document's bytes are, and how each format becomes page pictures; one module a format family."""
