"""The names of llmos's Python library under a short name: `from llmasos import LLM, Chatbot`."""

from llmos_cli import LLM, Chatbot, LlmosError

__all__ = ["LLM", "Chatbot", "LlmosError"]
