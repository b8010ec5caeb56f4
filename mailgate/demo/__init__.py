"""`mailgate demo`: a whole desk on one computer, with three people's mailboxes in the browser.

The daemon's own threads work over real IMAP and SMTP sockets; only the servers, the people and
the clock are the demo's. Needs the packages of the extra `demo`.
"""
