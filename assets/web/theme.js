// What has to be known before the first paint, and so is no module: whether scripts run here, which
// hides the list that the server has written; and light or dark, where the reader has chosen. The
// choice itself is made in tools.js.

if ('noModule' in HTMLScriptElement.prototype) document.documentElement.className = 'is-live';

try {
  const theme = localStorage.getItem('theme');
  if (theme !== null) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}
