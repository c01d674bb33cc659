"""Ways to say what a unit does. One room per method."""
