"""Who did what, when: noted where it is done, sealed where it is committed, verified on demand."""
