// Before the first paint, so that nothing flashes: the reader's own choice, where one was made.
try {
  const { theme, lang } = JSON.parse(localStorage.getItem("bavn") ?? "{}");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  if (/^[a-z]{2,3}$/.test(lang)) document.documentElement.lang = lang;
} catch {
  // a browser that keeps nothing gets the defaults
}
