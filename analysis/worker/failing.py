"""What a failed job says in one sentence: what happened, and what to do."""


def explain(error: Exception) -> str:
    """Errors that speak to the user speak for themselves; others point to the traceback."""
    detail = getattr(error, "detail", None)
    if isinstance(detail, str):
        hint = getattr(error, "hint", None)
        detail = detail if detail.endswith((".", "!", "?")) else f"{detail}."
        return f"{detail} {hint}" if hint else detail
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return (
            "The worker ran out of memory. Ask again with a smaller batch_size or "
            "windows_per_shard, or with fewer samples."
        )
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"{what.rstrip('.')}. This was not expected: the traceback says where; mend the cause and "
        "start the job again."
    )
