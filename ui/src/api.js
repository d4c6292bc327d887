// Talks to the REST API as the signed-in person. Every island goes through here, so that refusals look the same everywhere.

export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? '';

// randomUUID needs HTTPS or localhost; a warehouse tablet on plain HTTP has neither.
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || `The server answered ${status}.`);
    this.status = status;
    this.nextStep = problem.next_step || '';
    this.errors = problem.errors || {};
    this.problem = problem;
  }
}

export const post = (url, body, key = newKey()) => send(url, body, { headers: { 'Idempotency-Key': key } });

// A question that changes nothing: no key, so that no answer is kept, and it may be given up for a newer one.
export const ask = (url, body, signal) => send(url, body, { signal });

async function send(url, body, { headers = {}, signal } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': csrfToken(), ...headers },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0, { detail: 'The server could not be reached.', next_step: 'Check the connection and press the button again; nothing is done twice.' });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

export async function getText(url) {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => ({})));
  return response.text();
}

export const getJson = async (url) => JSON.parse(await getText(url));

// The bytes of a text in UTF-8, as Base64.
export function base64Of(text) {
  let bytes = '';
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}
