"""File formats: each module turns a text into properties and back, touching no file."""
