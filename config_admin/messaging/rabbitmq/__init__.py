"""Messages by way of a RabbitMQ broker: stored there, and confirmed."""
