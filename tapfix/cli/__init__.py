"""The commands, as Typer has them."""
