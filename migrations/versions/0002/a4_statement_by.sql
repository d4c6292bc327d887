-- Who took a bank statement in: what is written off of it takes somebody else.
ALTER TABLE bank_statement ADD COLUMN taken_in_by VARCHAR;
