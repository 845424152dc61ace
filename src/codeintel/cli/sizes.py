"""Numbers of bytes for people."""


def in_units(n_bytes: float) -> str:
    """Give a number of bytes with a unit of 1,000s: ``1.5 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} bytes" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"
