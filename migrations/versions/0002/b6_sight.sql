-- What was behind `read` alone is behind roles of its own now: a token that could read goes on reading, as far as its owner may.
UPDATE api_token SET roles = roles || '{see-costs,see-credit,see-bank,see-books,see-data,audit}' WHERE 'read' = ANY (roles);
