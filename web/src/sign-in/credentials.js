import { tryParseJSONC } from '@graphiql/react';

const CREDENTIALS = new Set(['authorization', 'x-api-key']);

/** Whether there is a credential among `headers`, an object or nothing. */
export function hasCredential(headers) {
  return Object.keys(headers ?? {}).some((name) => CREDENTIALS.has(name.toLowerCase()));
}

/** The same of the text in the headers editor. */
export function hasTypedCredential(text) {
  try {
    return hasCredential(tryParseJSONC(text ?? ''));
  } catch {
    return false;
  }
}
