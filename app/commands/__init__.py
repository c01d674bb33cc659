"""The web side's commands, one file per noun; what a command needs is imported when it runs."""
