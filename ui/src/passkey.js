import { csrfToken, Refusal } from './api.js';
import { say } from './notice.js';

// A form with data-passkey="create" or "get": its button asks the device, and what that made or signed is sent with the form.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
const written = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const known = (list = []) => list.map((each) => ({ ...each, id: bytes(each.id) }));

async function options(url) {
  const answer = await fetch(url, { method: 'POST', credentials: 'same-origin', headers: { Accept: 'application/json', 'X-CSRF-Token': csrfToken() } });
  if (answer.redirected) {
    location.assign(answer.url);
    throw new Refusal(0, { detail: 'Confirm who you are first.' });
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, told);
  return { ...told, challenge: bytes(told.challenge) };
}

async function create(url) {
  const asked = await options(url);
  const publicKey = { ...asked, user: { ...asked.user, id: bytes(asked.user.id) }, excludeCredentials: known(asked.excludeCredentials) };
  const made = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = made.response;
  return packed(made, { clientDataJSON, attestationObject });
}

async function get(url) {
  const asked = await options(url);
  const signed = await navigator.credentials.get({ publicKey: { ...asked, allowCredentials: known(asked.allowCredentials) } });
  const { clientDataJSON, authenticatorData, signature, userHandle } = signed.response;
  return packed(signed, { clientDataJSON, authenticatorData, signature, ...(userHandle ? { userHandle } : {}) });
}

function packed(credential, response) {
  const texts = Object.fromEntries(Object.entries(response).map(([name, buffer]) => [name, written(buffer)]));
  return { id: credential.id, rawId: written(credential.rawId), type: credential.type, response: texts };
}

async function send(form) {
  try {
    form.elements.credential.value = JSON.stringify(await (form.dataset.passkey === 'create' ? create : get)(form.dataset.options));
    HTMLFormElement.prototype.submit.call(form);
  } catch (refusal) {
    if (refusal instanceof Refusal) say(refusal.message, { kind: 'error', nextStep: refusal.nextStep });
    else say('The device gave no passkey.', { kind: 'error', nextStep: 'Press the button again, and touch the device when it asks for it.' });
  }
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (form.reportValidity()) send(form);
  });
}
