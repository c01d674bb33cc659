"""From views to HTML: pages and fragments, numbers, token strips, small drawings.

Nothing here reads the store or decides anything: a view comes in, markup goes out.
"""
