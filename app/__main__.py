"""`python -m app` is `patchclamp`, also where no script was installed."""

from app.cli import main

if __name__ == "__main__":
    main()
