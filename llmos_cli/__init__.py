"""llmos: a shell for plain words. As a library: `from llmos_cli import LLM, Chatbot` (docs/sdk.md)."""

TYPE_CHECKING = False  # typing takes longer to load than all that is here
if TYPE_CHECKING:
    from llmos_cli.errors import LlmosError
    from llmos_cli.sdk import LLM, Chatbot

__version__ = "0.1.0"
__all__ = ["LLM", "Chatbot", "LlmosError", "__version__"]


def __getattr__(name: str) -> object:
    """The library, once it is asked for: importing the package loads nothing."""
    if name in ("LLM", "Chatbot"):
        from llmos_cli import sdk

        return getattr(sdk, name)
    if name == "LlmosError":
        from llmos_cli import errors

        return errors.LlmosError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
