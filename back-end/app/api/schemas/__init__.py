"""What goes over the wire: these models become the OpenAPI document, and that the front-end's types."""
