"""An SMTP server that delivers: what it takes lies in a mailbox before it answers.

Delivering(lambda mail: dovecot.deliver(user, mail))         as it came
Delivering(deliver, lambda mail: mail.replace(a, b))         rewritten on the way, as relays do
"""

from collections.abc import Callable

from aiosmtpd.smtp import Envelope, Session

from tests.servers.smtp_sink import SmtpSink, _Smtp


class Delivering(SmtpSink):
    def __init__(
        self,
        deliver: Callable[[bytes], object],
        rewrite: Callable[[bytes], bytes] = lambda mail: mail,
    ) -> None:
        super().__init__()
        self._deliver, self._rewrite = deliver, rewrite

    def _keep(self, server: _Smtp, session: Session, envelope: Envelope) -> None:
        super()._keep(server, session, envelope)
        self._deliver(self._rewrite(self.mails[-1].raw))
