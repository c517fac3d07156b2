"""The errors a user can meet. Each message says what is wrong, where, and what to do."""


class ItpcsrError(Exception):
    """Base of every error that is the user's to mend; the command line prints it without a traceback."""


class ParameterError(ItpcsrError):
    """A parameter file holds an unknown name, a wrong type or an impossible value."""


class DataError(ItpcsrError):
    """Trial data are missing, unreadable, or not what their name says."""


class NotebookError(ItpcsrError):
    """A notebook raised, or asks for a parameter that nobody gives."""


class RenderError(ItpcsrError):
    """The report's sources break the grammar, or a renderer failed."""


class PublishError(ItpcsrError):
    """A version can't be published, for example because a final one exists."""


class SignatureError(ItpcsrError):
    """A version can't be signed, or a signature can't be read or isn't of what it should be."""
