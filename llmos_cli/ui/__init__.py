"""All that is printed: answers on stdout, talk on stderr, as text for a person, plain lines for a pipe, or JSON."""
