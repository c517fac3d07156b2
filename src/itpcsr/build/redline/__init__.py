"""The Word documents of two versions as one that tracks the changes between them."""

from itpcsr.build.redline.document import write_redline

__all__ = ["write_redline"]
