"""The configuration of a private Dovecot, in the syntax of 2.3 (Debian 12) or 2.4 (Debian 13).

Each setting that is not the default stands here with its reason.
https://doc.dovecot.org/2.4.0/installation/upgrade/2.3-to-2.4.html lists what was renamed.
"""

import grp
import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """What one configuration file depends on."""

    folder: Path
    version: tuple[int, int]  # (2, 3) or (2, 4)
    port: int
    tls_port: int  # 0: no TLS
    without: frozenset[str]  # capabilities that the server does not tell of
    uid: int  # owner of the mail files
    gid: int


# What Dovecot 2.3.19 tells a client that has logged in. There the setting `imap_capability`
# replaces the whole list; 2.4 can take single names away.
_CAPABILITIES = (  # noqa: SIM905 - as the server says it
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES "
    "THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN "
    "NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES "
    "WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW "
    "STATUS=SIZE SAVEDATE LITERAL+ NOTIFY"
).split()


def text(plan: Plan, password: str) -> str:
    parts = [_common(plan), _services(plan)]
    if plan.version >= (2, 4):
        parts = [_head_24(), *parts, _storage_24(plan, password)]
    else:
        parts = [*parts, _storage_23(plan, password)]
    return "\n".join(parts) + "\n"


def _common(plan: Plan) -> str:
    return f"""\
base_dir = {plan.folder}/run
state_dir = {plan.folder}/state
log_path = {plan.folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
auth_mechanisms = plain login
first_valid_uid = 1
first_valid_gid = 1
# A daemon under test and its test log in as the same user from the same address.
mail_max_userip_connections = 100
# Where inotify is missing, new mail is still seen within a second by IDLE.
mailbox_idle_check_interval = 1s
namespace inbox {{
  inbox = yes
  separator = /
}}"""


def _services(plan: Plan) -> str:
    ssl = "    ssl = yes\n" if plan.tls_port else ""
    listeners = f"""\
  inet_listener imap {{
    port = {plan.port}
  }}
  inet_listener imaps {{
    port = {plan.tls_port}
{ssl}  }}"""
    if os.getuid() == 0:
        return f"service imap-login {{\n{listeners}\n}}"
    # An ordinary user cannot change user or root folder: every internal user is himself, and
    # the two services that would chroot do not (logins fail otherwise).
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    return f"""\
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
{listeners}
}}"""


def _storage_23(plan: Plan, password: str) -> str:
    tls = "ssl = no"
    if plan.tls_port:
        tls = f"ssl = yes\nssl_cert = <{plan.folder}/cert.pem\nssl_key = <{plan.folder}/key.pem"
    capability = ""
    if plan.without:
        names = " ".join(name for name in _CAPABILITIES if name not in plan.without)
        capability = f"imap_capability = {names}"
    return f"""\
{tls}
{capability}
disable_plaintext_auth = no
mail_location = maildir:{plan.folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={plan.uid} gid={plan.gid} home={plan.folder}/mail/%u
}}"""


def _head_24() -> str:
    return "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0"


def _storage_24(plan: Plan, password: str) -> str:
    tls = "ssl = no"
    if plan.tls_port:
        tls = (
            f"ssl = yes\nssl_server_cert_file = {plan.folder}/cert.pem\n"
            f"ssl_server_key_file = {plan.folder}/key.pem"
        )
    # IMAP4rev2 contains MOVE, UIDPLUS and IDLE (RFC 9051, appendix E): it goes with any of them.
    absent = sorted(plan.without | {"IMAP4rev2"}) if plan.without else []
    capability = ""
    if absent:
        capability = "imap_capability {\n" + "".join(f"  {n} = no\n" for n in absent) + "}"
    return f"""\
{tls}
{capability}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {plan.folder}/mail/%{{user}}
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {plan.uid}
    gid = {plan.gid}
    home = {plan.folder}/mail/%{{user}}
  }}
}}"""
