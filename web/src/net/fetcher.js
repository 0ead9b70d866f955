import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { isExplaining } from '../session/explain.js';
import { operationNameFor, parseDocument } from '../session/operations.js';
import { hasCredential } from '../sign-in/credentials.js';
import { abortable } from './abortable.js';
import { jsonFetch } from './json-fetch.js';

const ACCEPT = 'application/graphql-response+json, application/json';
const ACCEPT_PARTS = `${ACCEPT}, multipart/mixed`;

/**
 * GraphiQL's fetcher for `config`. `signIn` is what createSignIn() gives, or null. Make it once:
 * GraphiQL introspects again for each new one.
 */
export function createFetcher(config, signIn) {
  return (params, options = {}) => {
    // GraphiQL awaits one answer to an introspection, and offers no way to stop it.
    if (params.operationName === 'IntrospectionQuery') {
      return send(config, signIn, params, options);
    }

    const document = parseDocument(params.query);
    const operationName = operationNameFor(document, params.operationName);
    const explain = config.explain && isExplaining();
    const request = {
      ...params,
      operationName,
      ...(explain && { extensions: { ...params.extensions, explain: true } }),
    };
    // Without a document the toolkit takes no operation for a subscription.
    const fresh = { ...options, documentAST: document ?? undefined };
    return abortable((signal) => send(config, signIn, request, fresh, signal).catch(failure));
  };
}

async function send(config, signIn, request, options, signal) {
  // A credential among the headers that the person typed is the one to send.
  const authorization = hasCredential(options.headers) ? null : await signIn?.authorization();
  signal?.throwIfAborted();
  const fetcher = createGraphiQLFetcher({
    url: config.endpoint,
    headers: { accept: isIncremental(request.query) ? ACCEPT_PARTS : ACCEPT },
    fetch: async (url, init) => {
      const response = await jsonFetch(url, { ...init, signal });
      if (authorization && response.status === 401) signIn.refused(authorization);
      return response;
    },
    // Not a client of our own: the toolkit sends the headers as connection parameters only when it
    // makes the client itself.
    ...(config.subscriptionUrl && { subscriptionUrl: config.subscriptionUrl }),
  });
  const headers = { ...(authorization && { Authorization: authorization }), ...options.headers };
  return fetcher(request, { ...options, headers });
}

// GraphiQL would show the stack of an error that it catches itself.
async function* failure({ message }) {
  yield { errors: [{ message }] };
}

function isIncremental(query) {
  return /@(defer|stream)\b/.test(query);
}
