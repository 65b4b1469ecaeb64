"""Files that people ask for of lists of tickets."""
