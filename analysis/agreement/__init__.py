"""How far people agree who judge the same things, beyond what chance would bring; no torch."""
