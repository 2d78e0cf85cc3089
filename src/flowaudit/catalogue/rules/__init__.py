"""What a service guide must not say: the rules of :func:`flowaudit.catalogue.lint`, one file per subject."""
