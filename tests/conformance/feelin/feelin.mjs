// Reads [[kind, text, tested], …] as JSON, has each evaluated by feelin, and prints the values as JSON: kind is "expression" or "cell".
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , library, work] = process.argv;
const { evaluate, unaryTest } = await import(pathToFileURL(library).href);
const { context, cases } = JSON.parse(readFileSync(work, 'utf8'));

function plain(value) {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'function') return { is: 'function' };
  if (typeof value !== 'object') return value;
  if (value.constructor === Object) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  if (value.constructor && /Range/.test(value.constructor.name)) return { is: 'range' };
  if (value.constructor && /Function/.test(value.constructor.name)) return { is: 'function' };
  return { is: String(value) };
}

function answer([kind, text, tested]) {
  try {
    const found = kind === 'cell' ? unaryTest(text, { ...context, '?': tested }) : evaluate(text, context);
    return plain(found.value);
  } catch (error) {
    return { is: 'error' };
  }
}

console.log(JSON.stringify(cases.map(answer)));
