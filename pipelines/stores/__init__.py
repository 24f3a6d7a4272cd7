"""The kinds of store an output can be: a folder of a disk, or an object store."""
