"""The interactive shell: what `llmos` opens on a terminal. The only import of prompt_toolkit."""
