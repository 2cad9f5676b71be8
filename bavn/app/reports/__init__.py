"""Documents as people read them: accessible HTML, PDF/UA, a feed. Heavy libraries are the extra ``reports``."""
