"""What happens to properties between the file and the service: placeholders."""
