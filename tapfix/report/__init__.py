"""What is said about a result, one module a format; each has `render`, and imports nothing heavy until it is called."""
