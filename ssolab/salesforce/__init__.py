"""What Salesforce's certificates, files, identifiers and addresses look like."""
