"""A language model's reply in and out: Markdown, the files in it, the sources they came from, writing."""
