"""What the web side measures of itself: `patchclamp bench`."""
