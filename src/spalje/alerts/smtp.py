"""E-mail: one message in plain text and HTML, through a mail server, by the standard library."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from spalje.alerts.channel import TIMEOUT_S, PartlyDelivered, Secrets, Undelivered, redacted
from spalje.alerts.link import is_address
from spalje.alerts.message import Message
from spalje.settings import Email

_PAGES = Environment(
    loader=PackageLoader("spalje.alerts"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
#: How bad it is in colours that can be read on white and on black, 4 to 1 at least (WCAG 2.2, 1.4.11 asks for 3).
_COLOURS = {"critical": "#da3633", "alarm": "#c2610c", "warning": "#8f7000"}


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server and who is written to.

    Attributes:
        settings: what the settings say.
        secrets: where the login is.
        clock: gives the time, UTC.
        timeout_s: how long each answer is waited for, seconds.
    """

    settings: Email
    secrets: Secrets = field(repr=False)
    clock: Callable[[], datetime]
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """See ``spalje.alerts.channel.Channel``."""
        return self.settings.name

    def send(self, message: Message) -> None:
        """See ``spalje.alerts.channel.Channel``.

        Raises:
            Undelivered: no recipient was accepted, or the server could not be spoken to.
            PartlyDelivered: some recipients were refused.
        """
        login = self._login()
        try:
            refused = self._sent(written(message, self.settings, self.clock()), login)
        except smtplib.SMTPResponseException as error:
            raise self._refused(error, login) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise Undelivered(f"{self._who} accepts none of: {', '.join(error.recipients)}.") from None
        except smtplib.SMTPNotSupportedError:
            raise Undelivered(
                f"{self._who} does not offer what is asked for (encryption or a login).",
                do=f'Check security = "{self.settings.security}", the port and the login of this channel.',
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._unreached(error) from None
        if refused:
            raise PartlyDelivered(f"{self._who} does not accept: {', '.join(sorted(refused))}.")

    @property
    def _who(self) -> str:
        return f"The mail server {self.settings.host} of the channel '{self.name}'"

    def _login(self) -> tuple[str, str] | None:
        if self.settings.user_env is None or self.settings.password_env is None:
            return None
        return (
            self.secrets.get(self.settings.user_env, self.name),
            self.secrets.get(self.settings.password_env, self.name),
        )

    def _sent(self, mail: EmailMessage, login: tuple[str, str] | None) -> dict[str, tuple[int, bytes]]:
        host, port, trust = self.settings.host, self.settings.at_port, ssl.create_default_context()
        with closing(
            smtplib.SMTP_SSL(host, port, timeout=self.timeout_s, context=trust)
            if self.settings.security == "ssl"
            else smtplib.SMTP(host, port, timeout=self.timeout_s)
        ) as server:
            if self.settings.security == "starttls":
                server.starttls(context=trust)
            if login:
                server.login(*login)
            refused = server.send_message(mail, self.settings.sender, self.settings.to)
            with suppress(
                OSError, smtplib.SMTPException
            ):  # it is delivered, however the server takes its leave
                server.quit()
            return refused

    def _refused(self, error: smtplib.SMTPResponseException, login: tuple[str, str] | None) -> Undelivered:
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        told = redacted(text, login or ())
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return Undelivered(
                f"{self._who} refused the login: {error.smtp_code} {told}.",
                do=f"Check {self.settings.user_env} and {self.settings.password_env}.",
            )
        return Undelivered(
            f"{self._who} answered {error.smtp_code} {told}.", soon=400 <= error.smtp_code < 500
        )

    def _unreached(self, error: Exception) -> Undelivered:
        # smtplib makes a closed connection of a reply that did not come in time
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return Undelivered(f"{self._who} did not answer in time.")
        if isinstance(error, ssl.SSLError):
            why = getattr(error, "verify_message", "") or error.reason or "an error of TLS"
            return Undelivered(
                f"{self._who} could not be spoken to safely: {why}.",
                do="With a certificate of your own, name its authority in the variable SSL_CERT_FILE; "
                f'check security = "{self.settings.security}" and the port.',
            )
        why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        return Undelivered(f"{self._who} could not be reached ({why}).", soon=True)


def written(message: Message, settings: Email, at: datetime) -> EmailMessage:
    """A message as a mail in two forms, of which the reader's program shows one.

    Its id is the message's identity, so that a mail that was sent twice after all is recognised.
    """
    mail = EmailMessage(POLICY)
    mail["Subject"] = f"[Spaljé] {message.title}"
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message.identity[:40]}.{settings.name}@{settings.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(page(message), subtype="html", cte="quoted-printable")
    return mail


def page(message: Message) -> str:
    """A message as HTML that loads nothing; every text in it is escaped."""
    return _PAGES.get_template("mail.html").render(
        title=message.title,
        paragraphs=message.paragraphs,
        rest=message.rest,
        colours=_COLOURS,
        is_address=is_address,
    )
