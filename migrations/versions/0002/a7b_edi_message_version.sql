-- The version of the messages we write; `version` is what a page sees of a record.
ALTER TABLE edi_partner RENAME COLUMN version TO message_version;
