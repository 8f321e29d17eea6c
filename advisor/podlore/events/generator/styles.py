"""How programs wrap what they say: klog, log4j, logfmt, JSON, Python's logging, syslog tags."""

from random import Random

from podlore.events.generator.fillers import value_of

_LETTER = {"error": "E", "critical": "F", "warning": "W", "info": "I", "debug": "I", "notice": "I"}
_UPPER = {"error": "ERROR", "critical": "FATAL", "warning": "WARN", "info": "INFO", "debug": "DEBUG", "notice": "INFO"}
_SHARE_WRAPPED = 0.3
_LOG4J = ("{when} {level} {name}: {message}", "[{level}] {name} - {message}", "{when} [{name}] {level} {message}")
_FORMS = {
    "klog": ("{letter}0312 10:11:12.{micros} 1 {name}.go:{line}] {message}",),
    "go": (
        'level={lower} msg="{message}"',
        'time="{when}" level={lower} msg="{message}" component={name}',
        '{{"level":"{lower}","ts":"{when}","msg":"{message}"}}',
    ),
    "log4j": _LOG4J,
    "python": _LOG4J,
    "web": ("{when} [{lower}] {line}#0: {message}",),
    "db": ("{when} UTC [{line}] {message}", "{when} {line} [{level}] {message}"),
}


def wrap(style: str, severity: str, component: str, message: str, rng: Random) -> str:
    """Return the message as a program of a style prints it; most stay as they are, as readers take the wrapping off.

    >>> wrap("event", "warning", "Pod", "Back-off", Random(0))
    'Back-off'
    """
    if style not in _FORMS or rng.random() > _SHARE_WRAPPED:
        return message
    name, when = component or value_of("word", rng), value_of("date", rng)
    return rng.choice(_FORMS[style]).format(
        name=name,
        when=when,
        message=message,
        level=_UPPER.get(severity, "ERROR"),
        lower=severity if severity in _UPPER else "error",
        letter=_LETTER.get(severity, "I"),
        line=rng.randint(10, 999),
        micros=rng.randint(10**5, 10**6 - 1),
    )
