"""Weights: the catalogue, the store on the disk, downloads, and which model does what."""
