// Light or dark, where the reader has chosen. Not a module: it runs before the first paint, so that
// no page opens in the wrong colours. The choice itself is made in tools.js.

try {
  const theme = localStorage.getItem('theme');
  if (theme !== null) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}
