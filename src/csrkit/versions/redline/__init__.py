"""The Word documents of two versions as one that tracks the changes between them."""

from csrkit.versions.redline.document import write_redline

__all__ = ["write_redline"]
