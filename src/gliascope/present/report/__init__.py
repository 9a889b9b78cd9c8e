"""The report of a case and the page over all cases: words, drawings, tables, pages. Takes findings and scans."""
