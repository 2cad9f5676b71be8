// Which value's card is open: any value of a page opens it, and the shell shows it once.

export const opened = $state<{ what: string }>({ what: "" });

/** ``what``: a domain, an address, or type:value. It is looked up here alone, never outside. */
export const openValue = (what: string): void => void (opened.what = what);
