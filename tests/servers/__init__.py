"""Private servers on loopback ports: Dovecot, an SMTP sink, a TCP relay that can be cut."""
