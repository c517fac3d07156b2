"""What the documents that hold the whole book, PDF and Word, have in common."""

from collections.abc import Callable, Mapping

from csrkit.inputs.hashes import hash_files
from csrkit.publish.memo import Memo
from csrkit.render.embedded import pandoc
from csrkit.render.embedded.book import Book
from csrkit.render.embedded.crossref import Label
from csrkit.render.embedded.pages import Page
from csrkit.render.embedded.source import resolve
from csrkit.render.embedded.targets import Target, shape
from csrkit.render.embedded.tree import Node


def sources_of(book: Book, pages: list[Page]) -> object:
    """Return what a whole document says: its pages, their pictures, the configuration, the references."""
    pictures = {resolve(page.source.path, path) or "" for page in pages for path in page.outline.pictures}
    files = [book.root / picture for picture in pictures]
    files += [path for path in (book.bibliography, book.style) if path]
    digests = [(page.source.path, page.source.digest) for page in pages]
    return digests, hash_files(book.root, files), book.config


def cited_blocks(
    book: Book,
    pages: list[Page],
    target: Callable[[str], Target],
    labels: Mapping[str, Label],
    memo: Memo,
) -> list[list[Node]]:
    """Return the blocks of each page as the target wants them, with the words of its citations."""
    shaped = [shape(page.blocks, target(page.source.path), labels) for page in pages]
    if not book.bibliography:
        return shaped
    given = [page.cited(target(page.source.path)) for page in pages]
    found = pandoc.cite([(cited.cites, cited.references) for cited in given], book, memo)
    return [pandoc.place_citations(blocks, *cited) for blocks, cited in zip(shaped, found, strict=True)]
