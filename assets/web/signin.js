// Who am I here? The form to sign in, shown when the server wants to know, and the way out again.
//
// It sends what was typed and asks the server who is signed in; whether that is right is not for
// here. It is a dialog that can only be left by signing in, since behind it there is nothing.

import { setText } from './elements.js';

/** @param {string} name @param {Record<string, string>} attributes @returns {any} */
function element(name, attributes) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * @param {import('./lang.js').Texts} texts
 * @param {object} needs
 * @param {typeof import('./api.js').account} needs.account
 * @param {typeof import('./api.js').signIn} needs.signIn
 * @param {typeof import('./api.js').signOut} needs.signOut
 * @param {() => void} needs.entered somebody has signed in
 */
export function mountSignin(texts, { account, signIn, signOut, entered }) {
  const dialog = element('dialog', { class: 'signin', 'aria-label': texts.signin_title });
  const form = element('form', { method: 'post' });
  const title = element('h2', { class: 'title' });
  const label = (/** @type {string} */ text, /** @type {Record<string, string>} */ attributes) => {
    const made = element('label', {});
    const input = element('input', { required: '', ...attributes });
    made.append(text, input);
    return { made, input };
  };
  const name = label(texts.signin_name,
    { name: 'name', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false' });
  const password = label(texts.signin_password,
    { name: 'password', type: 'password', autocomplete: 'current-password' });
  const wrong = element('p', { class: 'text', role: 'alert' });
  const button = element('button', { class: 'primary' });
  setText(title, texts.signin_title);
  setText(button, texts.signin_go);
  form.append(title, name.made, password.made, wrong, button);
  dialog.append(form);

  const leaving = element('p', { class: 'account' });
  const who = element('bdi', {});
  const out = element('button', { class: 'quiet', type: 'button' });
  setText(out, texts.signout);
  leaving.append(who, ' ', out);
  leaving.hidden = true;
  document.body.append(dialog);
  document.querySelector('main')?.append(leaving);

  const ask = () => {
    leaving.hidden = true;
    if (!dialog.open) dialog.showModal();
  };

  /** Finds out whether the server knows who this is, and asks where it does not. */
  const check = async () => {
    try {
      const known = await account();
      leaving.hidden = known === null;
      setText(who, known?.name ?? '');
    } catch (error) {
      if (/** @type {any} */ (error).status === 401) ask();
    }
  };

  dialog.addEventListener('cancel', (/** @type {Event} */ event) => event.preventDefault());
  form.addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    button.disabled = true;
    setText(wrong, '');
    try {
      await signIn(name.input.value, password.input.value);
      password.input.value = '';
      dialog.close();
      check();
      entered();
    } catch (error) {
      const { status } = /** @type {any} */ (error);
      const why = status === 401 ? texts.signin_wrong
        : status === 429 ? texts.signin_many : texts.errors.unreachable;
      setText(wrong, why);
    } finally {
      button.disabled = false;
    }
  });
  out.addEventListener('click', async () => {
    try {
      await signOut();
    } catch {
      return;
    }
    // What was seen until now is not for whoever comes next.
    location.reload();
  });
  return { check };
}
