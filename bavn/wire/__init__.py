"""What may travel: messages, codec, gate, seal, links. Knows no host name, no record, no suspicion."""
