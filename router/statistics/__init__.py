"""The call center's figures by the field's definitions, live and by quarters of an hour."""
