"""The wire formats that agents speak, translated to and from our own records."""
