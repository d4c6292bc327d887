"""Who is asking: local accounts, groups and the roles they grant, server-side sessions, API tokens."""
