-- Customers whose invoices carry their data in the PDF (Factur-X).
ALTER TABLE customer ADD COLUMN invoice_pdf VARCHAR DEFAULT 'PLAIN' NOT NULL;
ALTER TABLE customer ADD CONSTRAINT customer_invoice_pdf_check CHECK (invoice_pdf IN ('PLAIN', 'FACTUR_X'));
