"""The job kind `explain`: programs and words for units, with scores on text never seen."""
