// What this browser remembers of its reader: order, view and colours. A browser that keeps nothing
// starts each time as if it were new.

const YEAR_S = 365 * 24 * 60 * 60;

/** @param {string} name @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Nothing depends on it.
  }
}

/**
 * Remembers what the server has to know when it writes the page.
 * @param {string} name @param {string} value of letters alone
 */
export function tellServer(name, value) {
  const path = new URL('.', location.href).pathname;
  try {
    document.cookie = `livedrop-${name}=${value}; Path=${path}; Max-Age=${YEAR_S}; SameSite=Lax`;
  } catch {
    // As above.
  }
}

/** @param {string} name @returns {string | undefined} what the server was told */
export function told(name) {
  try {
    return new RegExp(`(?:^|; )livedrop-${name}=([a-z]+)`).exec(document.cookie)?.[1];
  } catch {
    return undefined;
  }
}
