"""What tapfix prints about a result. One format is one module, and `formats` lists them."""
