"""The web pages: what may be read with a link, and forms that travel the road of a mail."""
