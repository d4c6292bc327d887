"""The demo company and the story of one quote from first line to cash. Everybody in here is invented."""
