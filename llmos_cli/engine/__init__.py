"""Runs GGUF weights in our own process through llama.cpp's C interface."""
