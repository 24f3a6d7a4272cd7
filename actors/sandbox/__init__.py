"""What a process that opens files from anywhere may still do: as little as the kernel can hold it to."""
