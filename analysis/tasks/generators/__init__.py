"""One kind of task each: its own sentences and words, drawn for the tokenizer of any model."""
