"""Pages for those who watch over the work: what is overdue, who saw contacts, the record's chain, figures."""
