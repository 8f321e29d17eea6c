"""The masks, as a table in order: which texts must occur, what the pattern finds, what takes its place.

All patterns run on RE2, so time is linear in the text, whatever the text is. A pattern without a group is replaced
whole; of one with groups only the first group that took part. Where privacy and precision pull apart, a mask goes: a
version such as 1.2.3.4 may be lost, a secret not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Any

import re2

from podlore.events.hosts import is_host
from podlore.events.luhn import is_card

Match = Any  # re2's match object: it ships no types
Replacement = Callable[[Match], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One mask: tried if a text of ``needs`` (lower case) occurs, it replaces what ``pattern`` finds."""

    name: str
    needs: tuple[str, ...]
    pattern: Any
    replace: Replacement | str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYSTEM_USERS = _words("root nobody daemon bin sys kubelet unknown null none (null)")
"""Accounts of software: they name nobody."""

_NOT_A_SECRET = _words(
    "absent authentication bad cannot check corrupt could denied does empty error exceeded expected expired failed "
    "failure false forbidden has have incorrect invalid is length mismatch missing must no none not null nil refused "
    "rejected required revoked should too true unable unauthorized unexpected unknown unsupported was wrong"
)
_NOT_A_USER = _words(
    "a access account accounts agent already an and are as at auth authentication authorization cannot command "
    "context could data defined denied does environment error failed failure file for from group has id in info input "
    "is limit limits list logged login manager mode name namespace namespaces not of on or process processes quota "
    "request requests service session slice space supplied systemd that the to unit was who with without"
)
_NOT_A_HOST = _words(
    "localhost unknown none null not is no on in a the for name host hostname dns error failed down unreachable address"
)


def _any(*patterns: str) -> str:
    return f"(?:{'|'.join(patterns)})"


def _value(placeholder: str, spared: frozenset[str] = frozenset()) -> Replacement:
    """Replace the first group that took part and keep the rest; a spared word, or what is masked already, stays."""

    def replace(match: Match) -> str:
        text = str(match.group())
        group = next((number for number, value in enumerate(match.groups(), 1) if value), 0)
        value = str(match.group(group))
        if group == 0 or value.lower().rstrip(".,:;") in spared or _is_spared(value):
            return text
        start = match.start(group) - match.start()
        return f"{text[:start]}{placeholder}{text[start + len(value) :]}"

    return replace


def _is_spared(value: str) -> bool:
    """Return whether a value is a placeholder already, or the path of a file."""
    is_path = value.startswith("/") and value.count("/") > 1 and not set(value) & set("+=")
    return value.startswith("<") or is_path


def _if(test: Callable[[str], bool], placeholder: str) -> Replacement:
    def replace(match: Match) -> str:
        return placeholder if test(match.group()) else str(match.group())

    return replace


def _ipv6(match: Match) -> str:
    """Mask an IPv6 address; clock times do not parse, and C++ names are glued to a word or have no digit."""
    text, start = str(match.group()), match.start()
    glued = start > 0 and (match.string[start - 1].isalnum() or match.string[start - 1] in "_:")
    for address in (text, text.rstrip(":"), text.rstrip(".")):
        if not glued and any(character.isdigit() for character in address) and _is_ipv6(address):
            return f"<ip>{text[len(address) :]}"
    return text


def _ipv4(match: Match) -> str:
    """Mask an IPv4 address, also where a port follows after a dot; a letter before it makes it a version, not so ``_``.

    What starts with 0, 1 or 2 and has more than four numbers is an object identifier.
    """
    text, start, end = str(match.group()), match.start(), match.end()
    before, after = match.string[max(0, start - 1) : start], match.string[end : end + 2]
    goes_on = after[:1] == "." and after[1:].isdigit()
    is_identifier = goes_on and text.partition(".")[0] in {"0", "1", "2"}
    return text if before.isalnum() or before == "." or after[:1].isdigit() or is_identifier else "<ip>"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _host(match: Match) -> str:
    """Mask a dotted name that is a host's; what goes on after the match, or stands inside a path, is none."""
    name, start, end = str(match.group()), match.start(), match.end()
    before, after = match.string[max(0, start - 2) : start], match.string[end : end + 2]
    goes_on = after[:1] in {"(", "="} or (after[:1] == "." and after[1:].isalnum())
    in_path = before.endswith("/") and before != "//" and name.count(".") == 1
    return "<host>" if not goes_on and not in_path and is_host(name) else name


def _is_token(word: str) -> bool:
    kinds = (any(c.isdigit() for c in word), any(c.isupper() for c in word), any(c.islower() for c in word))
    return all(kinds) and word.count("/") < 3 and word.count("-") < 6


_OCTET = r"(?:25[0-5]|2[0-4]\d|[01]?\d?\d)"
_WORD = r"[^\s\"'`,;)\]}<>]+"
_QUOTED = _any(r"\"([^\"]{1,64})\"", r"'([^']{1,64})'", r"\[([^\]]{1,64})\]", r"<([^>]{1,64})>")
_HEX4 = "[0-9A-Fa-f]{4}"
_SECRET = r"[\w.-]*" + _any(
    r"passw(?:or)?d|passphrase|passwd|pwd|secret|token|credentials?|cookie|sig|apikey|sessionid",
    r"(?:api|access|auth|private|encryption|signing|session|account)[_-]?key(?:[_-]?id)?",
    r"client[_-]?secret|session[_-]?id|shared[_-]?access[_-]?signature",
)
_USER = _any(
    r"[rels]?user(?:[_-]?(?:name|id))?|duser|uname|login|logname|acct|account(?:[_-]?name)?",
    r"samaccountname|principal|owner",
)
_HOST = _any(r"[rv]?host(?:[_-]?name)?|hname|server[_-]?name|nodename|computername|workstation(?: name)?")
_LOOKUP = _any(
    r"\blookup |\bresolve host(?:name)?:? [\"']?|\bresolving [\"']|UnknownHostException: |\bconnect to host ",
    r"\bgetaddrinfo(?: for| failed for| ENOTFOUND| EAI_AGAIN)? [\"']?",
)
_HOMES = _any(r"(?:/export|/u)?/home/|/Users/", r"[A-Z]:\\{1,2}Users\\{1,2}|\\{1,2}profiles\\{1,2}")
_AUTHENTICATED = _any(r"password|publickey|keyboard-interactive(?:/pam)?|hostbased|gssapi-with-mic|none")
_USER_AFTER = _any(
    r"\b(?:invalid|illegal|unknown|for|by|of|as|authenticating|from) user\s+",
    rf"\b{_AUTHENTICATED} for (?:(?:invalid|illegal) user )?",
)
_TOKEN_BY_PREFIX = _any(
    r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}",
    r"gh[opsur]_\w{16,}|github_pat_\w{16,}|gl(?:pat|dt|rt|cbt)-[\w-]{16,}",
    r"xox[abeoprs]-[\w-]{8,}|shpat_\w{16,}|lin_api_\w{16,}",
    r"sk-[\w-]{16,}|(?:sk|pk|rk)_(?:live|test)_\w{8,}|hf_\w{16,}|gsk_\w{16,}|nvapi-[\w-]{16,}",
    r"AIza[\w-]{30,}|ya29\.[\w-]{16,}|npm_\w{16,}|pypi-[\w-]{16,}|dckr_pat_[\w-]{16,}",
    r"hv[bs]\.[\w-]{16,}|dop_v1_\w{16,}|SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{20,}|ssh-(?:rsa|ed25519|dss) AAAA[\w+/=]{16,}|SHA256:[A-Za-z0-9+/]{43}",
)
_TOKEN_HINTS = _words(
    "akia asia aroa aida ghp_ gho_ ghs_ ghu_ ghr_ github_pat_ glpat- gldt- glrt- glcbt- xox shpat_ lin_api_ sk- sk_ "
    "pk_ rk_ hf_ gsk_ nvapi- aiza ya29. npm_ pypi- dckr_pat_ hvs. hvb. dop_v1_ sg. key- ssh- sha256:"
)

RULES: tuple[Rule, ...] = (
    Rule(
        "private key",
        ("private key",),
        re2.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)"),
        "<token>",
    ),
    Rule("signed token", ("eyj",), re2.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}"), "<token>"),
    Rule("credentials in a URL", ("://",), re2.compile(r"://([^\s/@'\"<>]{1,256})@"), _value("<token>")),
    Rule(
        "authorization header",
        ("bearer", "basic", "negotiate", "apikey", "token "),
        re2.compile(r"(?i)\b(?:bearer|basic|negotiate|apikey|token)\s+([\w.~+/=-]{12,})"),
        _value("<token>"),
    ),
    Rule("known token", tuple(sorted(_TOKEN_HINTS)), re2.compile(rf"\b{_TOKEN_BY_PREFIX}"), "<token>"),
    Rule(
        "secret by name",
        ("pass", "pwd", "secret", "token", "key", "credential", "session", "cookie", "sig"),
        re2.compile(rf"(?i)\b{_SECRET}[\"']?\s*(?:=|:=|=>|:)\s*(?:\"([^\"]+)\"|'([^']+)'|({_WORD}))"),
        _value("<token>", _NOT_A_SECRET),
    ),
    Rule(
        "secret option",
        ("--pass", "--token", "--secret", "--api", "--access", "-pass"),
        re2.compile(r"(?i)\s--?(?:pass(?:word|wd)?|token|(?:secret|access|api)(?:-?key)?)[ =]([^\s\"'-][^\s\"']*)"),
        _value("<token>", _NOT_A_SECRET),
    ),
    Rule(
        "mail",
        ("@",),
        re2.compile(r"[\w.!#$%&*+/?^`{|}~-]*[\w+-]@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\b"),
        "<mail>",
    ),
    Rule("uuid", ("-",), re2.compile(rf"\b{_HEX4}{_HEX4}(?:-{_HEX4}){{4}}{_HEX4}{_HEX4}\b"), "<uuid>"),
    Rule(
        "hardware address",
        (":", "-", "."),
        re2.compile(
            r"\b(?:[0-9A-Fa-f]{2}:){5,19}[0-9A-Fa-f]{2}\b|"
            rf"\b(?:[0-9A-Fa-f]{{2}}-){{5}}[0-9A-Fa-f]{{2}}\b|\b{_HEX4}\.{_HEX4}\.{_HEX4}\b"
        ),
        "<mac>",
    ),
    Rule(
        "IPv6",
        (":",),
        re2.compile(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.\d{1,3}){0,3}(?:%[\w.-]+)?"),
        _ipv6,
    ),
    Rule("IPv4", (".",), re2.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}"), _ipv4),
    Rule(
        "address in a name", ("ip-", "ip_"), re2.compile(r"\bip[-_]\d{1,3}(?:[-_]\d{1,3}){3}(?:\.[\w-]+)*\b"), "<host>"
    ),
    Rule(
        "card", tuple("23456"), re2.compile(r"\b[2-6]\d{3}[ -]?\d{2,6}(?:[ -]?\d{1,6}){1,3}\b"), _if(is_card, "<card>")
    ),
    Rule(
        "home folder",
        ("home", "users", "profiles"),
        re2.compile(rf"(?i){_HOMES}([^/\\\s:\"',;()<>]+)"),
        _value("<user>", _words("public shared default all")),
    ),
    Rule(
        "user by key",
        ("user", "login", "logname", "acct", "account", "uname", "principal", "owner"),
        re2.compile(rf"(?i)\b{_USER}[\"']?\s*(?:=|:)\s*[\"'<\[]?({_WORD})"),
        _value("<user>", SYSTEM_USERS | _NOT_A_USER),
    ),
    Rule(
        "user in quotes",
        ("user", "login", "account", "principal"),
        re2.compile(rf"(?i)\b(?:user(?:name)?|login|account|principal)\s+{_QUOTED}"),
        _value("<user>", SYSTEM_USERS | _words("user mail token")),
    ),
    Rule(
        "user in words",
        ("user ", " for "),
        re2.compile(rf"(?i){_USER_AFTER}({_WORD})"),
        _value("<user>", SYSTEM_USERS | _NOT_A_USER),
    ),
    Rule(
        "user of sudo",
        ("tty=", "pwd="),
        re2.compile(r"(?i)\b(?:sudo(?:\[\d+\])?:\s+)?([\w.-]+)\s+:\s+(?:[\w ]+;\s+)?(?:TTY|PWD)="),
        _value("<user>", SYSTEM_USERS),
    ),
    Rule(
        "host of a URL",
        ("://",),
        re2.compile(r"://(?:<token>@)?([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)"),
        _value("<host>", _words("localhost")),
    ),
    Rule(
        "host by key",
        ("host", "hname", "server", "nodename", "computername", "workstation"),
        re2.compile(rf"(?i)\b{_HOST}[\"']?\s*(?:=|:)\s*[\"']?([A-Za-z0-9][\w.-]*)"),
        _value("<host>", _NOT_A_HOST),
    ),
    Rule(
        "host in a lookup",
        ("lookup ", "resolv", "unknownhost", "getaddrinfo", "connect to host"),
        re2.compile(rf"(?i){_LOOKUP}([A-Za-z0-9][\w-]*(?:\.[\w-]+)*)"),
        _value("<host>", _NOT_A_HOST),
    ),
    Rule("host", (".",), re2.compile(r"\b(?:\w(?:[\w-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,12}\b"), _host),
    Rule("long token", (), re2.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}"), _if(_is_token, "<token>")),
)
