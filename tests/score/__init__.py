"""How well mail is understood: the program against a corpus of labelled mails (`make score`)."""
