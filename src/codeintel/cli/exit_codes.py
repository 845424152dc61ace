"""What the exit code of `codeintel` says."""

from codeintel.errors import CodeIntelError, ConfigurationError, InputError

FOUND = 0
NOTHING_FOUND = 1
USAGE = 2
STATE = 3
INTERNAL = 4
INTERRUPTED = 130
BROKEN_PIPE = 141


def exit_code_of(error: CodeIntelError) -> int:
    """Give `USAGE` for what the caller can mend in the command itself, `STATE` for the rest."""
    return USAGE if isinstance(error, (InputError, ConfigurationError)) else STATE
