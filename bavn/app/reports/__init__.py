"""Documents as people read them: accessible HTML, PDF/UA. Heavy libraries are the extra ``reports``."""
