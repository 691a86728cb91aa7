"""What the browser and other programs meet: HTTP, sockets, pages."""
